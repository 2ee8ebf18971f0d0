import type { ByteSource } from '../checkpoint/byte-source.ts';
import { elementCount } from '../checkpoint/checkpoint.ts';
import {
  type Attribute,
  type Dimension,
  type ElementType,
  encodeModel,
  type ExternalRange,
  type Graph,
  type GraphValue,
  type Initializer,
  type Node,
} from './model-proto.ts';
import type { StoredWeight, Weight } from './weight.ts';

/** The name of a value in a graph under construction. */
export type Value = string;

/** What becomes of an output. */
export type OutputRole =
  /** It is handed back to later runs as it is: a host may leave it where it was computed. */
  | 'feature'
  /** It is what the graph is for, and is read. */
  | 'output'
  /** It is read, to choose tokens by. */
  | 'score';

export interface GraphOutput extends GraphValue {
  readonly role: OutputRole;
}

/** A finished graph: ONNX bytes, and the files that its weights stay in. */
export interface OnnxGraph {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly inputs: readonly GraphValue[];
  readonly outputs: readonly GraphOutput[];
  /** The files that external data refer to, by the location that stands in the graph. */
  readonly files: ReadonlyMap<string, ByteSource>;
  /** What of those files it computes with, each range once. */
  readonly ranges: readonly ExternalRange[];
  /** The bytes of the same graph with its ranges in other places: for hosts that cannot map the files. */
  readonly placed: (place: (range: ExternalRange) => Omit<ExternalRange, 'length'>) => Uint8Array;
  /** Bytes of all weights once they are 32-bit floats. */
  readonly weightBytes: number;
  /** Whether what is computed takes far more memory than the weights, as whole images do. */
  readonly largeActivations?: boolean;
}

/** Collects nodes and constants; every operation returns the name of what it computes. */
export class GraphBuilder {
  readonly #name: string;
  readonly #nodes: Node[] = [];
  readonly #initializers = new Map<string, Initializer>();
  readonly #inputs: GraphValue[] = [];
  readonly #outputs: GraphOutput[] = [];
  readonly #files = new Map<string, ByteSource>();
  readonly #widened = new Map<string, Value>();
  readonly #inline = new Map<ArrayBufferLike, Map<string, Value>>();
  /** The names that values get as outputs. */
  readonly #renamed = new Map<Value, string>();
  #weightBytes = 0;
  #count = 0;

  constructor(name: string) {
    this.#name = name;
  }

  input(name: string, type: ElementType, shape: readonly Dimension[]): Value {
    this.#inputs.push({ name, type, shape });
    return name;
  }

  /** Makes `value` an output under a name of its own. */
  output(name: string, value: Value, shape: readonly Dimension[], role: OutputRole = 'output'): void {
    this.#outputs.push({ name, type: 'float32', shape, role });
    const computed = this.#nodes.some(({ outputs }) => outputs.includes(value));
    if (computed && !this.#renamed.has(value)) this.#renamed.set(value, name);
    else this.#nodes.push({ type: 'Identity', domain: '', inputs: [value], outputs: [name], attributes: {} });
  }

  op(type: string, inputs: readonly Value[], attributes: Readonly<Record<string, Attribute>> = {}): Value {
    return this.#node(type, '', inputs, attributes);
  }

  /** Cuts the first axis into parts of the extents in `extents`, [count]. */
  split(value: Value, extents: Value, count: number): readonly Value[] {
    return this.ops('Split', [value, extents], { axis: 0 }, count);
  }

  /** An operation of several outputs. */
  ops(
    type: string,
    inputs: readonly Value[],
    attributes: Readonly<Record<string, Attribute>>,
    count: number,
  ): readonly Value[] {
    const outputs = Array.from({ length: count }, () => `v${this.#count++}`);
    this.#nodes.push({ type, domain: '', inputs, outputs, attributes });
    return outputs;
  }

  /** An operation of ONNX Runtime's own domain, com.microsoft. */
  contribOp(type: string, inputs: readonly Value[], attributes: Readonly<Record<string, Attribute>> = {}): Value {
    return this.#node(type, 'com.microsoft', inputs, attributes);
  }

  /** A constant of int64 numbers; a single number is a scalar. */
  integers(values: number | readonly number[]): Value {
    const list = typeof values === 'number' ? [values] : values;
    const data = new Uint8Array(BigInt64Array.from(list, BigInt).buffer);
    return this.#constant(`i${JSON.stringify(values)}`, {
      type: 'int64',
      shape: typeof values === 'number' ? [] : [list.length],
      data,
    });
  }

  /** A constant scalar. */
  scalar(value: number): Value {
    return this.#constant(`f${value}`, {
      type: 'float32',
      shape: [],
      data: new Uint8Array(Float32Array.of(value).buffer),
    });
  }

  /** A constant vector of equal numbers. */
  filled(value: number, length: number): Value {
    const data = new Uint8Array(new Float32Array(length).fill(value).buffer);
    return this.#constant(`f${value}x${length}`, { type: 'float32', shape: [length], data });
  }

  /** A weight as 32-bit floats. The same weight is the same value, however often it is asked for. */
  weight(weight: Weight): Value {
    return weight.kind === 'stored' ? this.#stored(weight) : this.#inlined(weight.data, weight.shape);
  }

  build(): OnnxGraph {
    const graph = {
      name: this.#name,
      nodes: this.#nodes.map((node) => this.#rename(node)),
      initializers: [...this.#initializers.values()],
      inputs: this.#inputs,
      outputs: this.#outputs,
    };
    return {
      name: this.#name,
      bytes: encodeModel(graph),
      ...placing(graph),
      inputs: this.#inputs,
      outputs: this.#outputs,
      files: this.#files,
      weightBytes: this.#weightBytes,
    };
  }

  #rename(node: Node): Node {
    const name = (value: Value) => this.#renamed.get(value) ?? value;
    return { ...node, inputs: node.inputs.map(name), outputs: node.outputs.map(name) };
  }

  #node(
    type: string,
    domain: Node['domain'],
    inputs: readonly Value[],
    attributes: Readonly<Record<string, Attribute>>,
  ): Value {
    const output = `v${this.#count++}`;
    this.#nodes.push({ type, domain, inputs, outputs: [output], attributes });
    return output;
  }

  #constant(name: string, constant: Omit<Initializer, 'name'>): Value {
    if (!this.#initializers.has(name)) this.#initializers.set(name, { name, ...constant });
    return name;
  }

  #stored({ tensor, first, shape }: StoredWeight): Value {
    const [type, width] = elementOf(tensor.type);
    const name = `${tensor.name}[${first}]${shape.join('x')}`;
    if (!this.#initializers.has(name)) {
      const location = tensor.source.location ?? tensor.source.name;
      const data = { location, offset: tensor.offset + first * width, length: elementCount(shape) * width };
      this.#files.set(location, tensor.source);
      this.#initializers.set(name, { name, type, shape, data });
      this.#weightBytes += elementCount(shape) * 4;
    }
    if (type === 'float32') return name;
    // ONNX Runtime folds the cast when it opens the graph, so halves are widened once.
    const widened = this.#widened.get(name) ?? this.op('Cast', [name], { to: 1 });
    this.#widened.set(name, widened);
    return widened;
  }

  #inlined(data: Float32Array, shape: readonly number[]): Value {
    const views = this.#inline.get(data.buffer) ?? new Map<string, Value>();
    this.#inline.set(data.buffer, views);
    const view = `${data.byteOffset} ${shape.join('x')}`;
    const known = views.get(view);
    if (known) return known;
    const name = `w${this.#initializers.size}`;
    views.set(view, name);
    this.#weightBytes += data.byteLength;
    return this.#constant(name, {
      type: 'float32',
      shape,
      data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    });
  }
}

/** Where the weights of a graph lie, and how they are put elsewhere. */
function placing(graph: Graph): Pick<OnnxGraph, 'ranges' | 'placed'> {
  const ranges = new Map<string, ExternalRange>();
  for (const { data } of graph.initializers)
    if (isExternal(data)) ranges.set(`${data.offset} ${data.length} ${data.location}`, data);
  return {
    ranges: [...ranges.values()],
    placed: (place) =>
      encodeModel({
        ...graph,
        initializers: graph.initializers.map((each) =>
          isExternal(each.data) ? { ...each, data: { ...each.data, ...place(each.data) } } : each,
        ),
      }),
  };
}

function isExternal(data: Initializer['data']): data is ExternalRange {
  return 'location' in data;
}

/** The ONNX type of a stored one that ONNX Runtime can map (`isMappable`), and its bytes. */
function elementOf(type: string): readonly [ElementType, bytes: number] {
  if (type === 'F16') return ['float16', 2];
  return type === 'BF16' ? ['bfloat16', 2] : ['float32', 4];
}
