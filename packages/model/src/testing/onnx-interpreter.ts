import { widenBfloat16, widenFloat16 } from '../checkpoint/half.ts';
import type { OnnxGraph } from '../onnx/graph-builder.ts';
import { ELEMENT_TYPES } from '../onnx/model-proto.ts';
import { decodeGraph, type DecodedGraph, type DecodedInitializer, type DecodedValue } from './onnx-decoder.ts';
import { type OperatorAttributes, OPERATORS } from './onnx-operators.ts';
import { type PlainTensor, tensor } from './plain-tensor.ts';

/** Runs a graph: tensors by the names of its inputs, to those of its outputs. */
export type Interpreted = (
  inputs: Readonly<Record<string, PlainTensor>>,
  outputs?: readonly string[],
) => Readonly<Record<string, PlainTensor>>;

/**
 * The slow twin of a runtime: evaluates what `GraphBuilder` writes, node by node, in 64-bit floats over plain arrays.
 *
 * Strict where runtimes are not: every input is given, none is unknown, and the extents of all inputs and outputs are
 * those that the graph says, the named ones the same wherever they stand.
 */
export async function interpret(graph: OnnxGraph): Promise<Interpreted> {
  const decoded = decodeGraph(graph.bytes);
  const constants = new Map<string, PlainTensor>();
  for (const initializer of decoded.initializers)
    constants.set(initializer.name, await constantOf(initializer, graph.files));
  return (inputs, wanted = decoded.outputs.map(({ name }) => name)) => {
    const extents = new Map<string, number>();
    checkInputs(decoded, inputs, extents);
    const values = new Map([...constants, ...Object.entries(inputs)]);
    evaluate(decoded, values);
    return Object.fromEntries(
      wanted.map((name) => {
        const declared = decoded.outputs.find((output) => output.name === name);
        const value = values.get(name);
        if (!declared || !value) throw new Error(`the graph has no output ${name}`);
        checkExtents(declared, value, extents);
        return [name, value];
      }),
    );
  };
}

function evaluate({ nodes }: DecodedGraph, values: Map<string, PlainTensor>): void {
  for (const { type: name, domain, inputs, outputs, attributes } of nodes) {
    const type = domain === '' ? name : `${domain}.${name}`;
    const operator = OPERATORS.get(type);
    if (!operator) throw new Error(`no graph is written with ${type}`);
    const given = inputs.map((name) => {
      const value = values.get(name);
      if (!value) throw new Error(`${type} takes ${name}, which no node before it gives`);
      return value;
    });
    const made = operator(given, attributesOf(type, attributes), outputs.length);
    outputs.forEach((name, i) => values.set(name, made[i]!));
  }
}

function attributesOf(type: string, attributes: DecodedGraph['nodes'][number]['attributes']): OperatorAttributes {
  return {
    number(name, otherwise) {
      const value = attributes.get(name) ?? otherwise;
      if (typeof value !== 'number') throw new Error(`${type} has no number ${name}`);
      return value;
    },
    numbers(name) {
      const value = attributes.get(name);
      if (!Array.isArray(value)) throw new Error(`${type} has no numbers ${name}`);
      return value as readonly number[];
    },
  };
}

function checkInputs(
  { inputs: declared }: DecodedGraph,
  inputs: Readonly<Record<string, PlainTensor>>,
  extents: Map<string, number>,
): void {
  for (const name of Object.keys(inputs))
    if (!declared.some((input) => input.name === name)) throw new Error(`the graph has no input ${name}`);
  for (const input of declared) {
    const value = inputs[input.name];
    if (!value) throw new Error(`input ${input.name} is missing`);
    checkExtents(input, value, extents);
  }
}

function checkExtents({ name, shape }: DecodedValue, { dims }: PlainTensor, extents: Map<string, number>): void {
  const fits = shape.map((extent, axis) => {
    if (typeof extent === 'string' && !extents.has(extent)) extents.set(extent, dims[axis]!);
    return (typeof extent === 'number' ? extent : extents.get(extent)) === dims[axis];
  });
  if (dims.length !== shape.length || fits.includes(false))
    throw new Error(`${name} is [${dims.join(', ')}], and the graph says [${shape.join(', ')}]`);
}

async function constantOf({ type, shape, data }: DecodedInitializer, files: OnnxGraph['files']): Promise<PlainTensor> {
  const bytes = data instanceof Uint8Array ? data : await readFrom(files, data);
  return tensor(shape, numbersOf(type, bytes));
}

async function readFrom(
  files: OnnxGraph['files'],
  { location, offset, length }: { readonly location: string; readonly offset: number; readonly length: number },
): Promise<Uint8Array> {
  const file = files.get(location);
  if (!file) throw new Error(`the graph refers to ${location}, and has no such file`);
  return file.read(offset, length);
}

/** The elements of a type, by its number in ONNX. */
function numbersOf(type: number, bytes: Uint8Array): Iterable<number> {
  const own = Uint8Array.from(bytes).buffer; // aligned
  switch (type) {
    case ELEMENT_TYPES.float32:
      return new Float32Array(own);
    case ELEMENT_TYPES.int64:
      return Array.from(new BigInt64Array(own), Number);
    case ELEMENT_TYPES.float16:
      return widenFloat16(bytes, bytes.length / 2);
    case ELEMENT_TYPES.bfloat16:
      return widenBfloat16(bytes, bytes.length / 2);
    default:
      throw new Error(`no graph has elements of type ${type}`);
  }
}
