import { Message } from './protobuf.ts';

/** Element types that the graphs use, by their number in ONNX. */
export const ELEMENT_TYPES = { float32: 1, int64: 7, float16: 10, bfloat16: 16 } as const;
export type ElementType = keyof typeof ELEMENT_TYPES;

/** A number is a fixed extent, a name is one that may differ from run to run. */
export type Dimension = number | string;

export interface GraphValue {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly Dimension[];
}

export type Attribute = number | string | readonly number[] | { readonly float: number };

export interface Node {
  readonly type: string;
  readonly domain: '' | 'com.microsoft';
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** Bytes of a file beside a model. */
export interface ExternalRange {
  /** What the model calls the file. */
  readonly location: string;
  readonly offset: number;
  readonly length: number;
}

/** A constant of the graph: its bytes are in the model, or at an offset of a file beside it. */
export interface Initializer {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly data: Uint8Array | ExternalRange;
}

export interface Graph {
  readonly name: string;
  readonly nodes: readonly Node[];
  readonly initializers: readonly Initializer[];
  readonly inputs: readonly GraphValue[];
  readonly outputs: readonly GraphValue[];
}

/** IR 10 is that of ONNX 1.16; opset 18 is the newest that WebGPU's kernels all register for. */
const IR_VERSION = 10;
const OPSET = 18;

/** An ONNX ModelProto, serialised. */
export function encodeModel(graph: Graph): Uint8Array {
  return new Message()
    .integer(1, IR_VERSION)
    .text(2, 'procache')
    .message(7, encodeGraph(graph))
    .message(8, new Message().text(1, '').integer(2, OPSET))
    .message(8, new Message().text(1, 'com.microsoft').integer(2, 1))
    .finish();
}

function encodeGraph({ name, nodes, initializers, inputs, outputs }: Graph): Message {
  const message = new Message();
  for (const node of nodes) message.message(1, encodeNode(node));
  message.text(2, name);
  for (const initializer of initializers) message.message(5, encodeInitializer(initializer));
  for (const input of inputs) message.message(11, encodeValue(input));
  for (const output of outputs) message.message(12, encodeValue(output));
  return message;
}

function encodeNode({ type, domain, inputs, outputs, attributes }: Node): Message {
  const message = new Message();
  for (const input of inputs) message.text(1, input);
  for (const output of outputs) message.text(2, output);
  message.text(3, `${type}:${outputs[0] ?? ''}`).text(4, type);
  for (const [name, value] of Object.entries(attributes)) message.message(5, encodeAttribute(name, value));
  return message.text(7, domain);
}

function encodeAttribute(name: string, value: Attribute): Message {
  const message = new Message().text(1, name);
  if (typeof value === 'number') return message.integer(3, value).integer(20, 2);
  if (typeof value === 'string') return message.text(4, value).integer(20, 3);
  if ('float' in value) return message.float(2, value.float).integer(20, 1);
  for (const element of value) message.integer(8, element);
  return message.integer(20, 7);
}

function encodeInitializer({ name, type, shape, data }: Initializer): Message {
  const message = new Message();
  for (const extent of shape) message.integer(1, extent);
  message.integer(2, ELEMENT_TYPES[type]).text(8, name);
  if (data instanceof Uint8Array) return message.bytes(9, data);
  const entries = { location: data.location, offset: String(data.offset), length: String(data.length) };
  for (const [key, value] of Object.entries(entries)) message.message(13, new Message().text(1, key).text(2, value));
  return message.integer(14, 1);
}

function encodeValue({ name, type, shape }: GraphValue): Message {
  const dimensions = new Message();
  for (const extent of shape) {
    const dimension = new Message();
    dimensions.message(1, typeof extent === 'number' ? dimension.integer(1, extent) : dimension.text(2, extent));
  }
  const tensor = new Message().integer(1, ELEMENT_TYPES[type]).message(2, dimensions);
  return new Message().text(1, name).message(2, new Message().message(1, tensor));
}
