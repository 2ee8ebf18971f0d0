import { decodedText } from '../checkpoint/utf8.ts';

// Reads back the ONNX that `GraphBuilder` writes, and no other: the fields of protocol buffers by their numbers.

/** A graph as it was written. */
export interface DecodedGraph {
  readonly nodes: readonly DecodedNode[];
  readonly initializers: readonly DecodedInitializer[];
  readonly inputs: readonly DecodedValue[];
  readonly outputs: readonly DecodedValue[];
}

export interface DecodedNode {
  readonly type: string;
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, number | string | readonly number[]>;
}

export interface DecodedInitializer {
  readonly name: string;
  /** The number of its element type in ONNX. */
  readonly type: number;
  readonly shape: readonly number[];
  readonly data: Uint8Array | { readonly location: string; readonly offset: number; readonly length: number };
}

export interface DecodedValue {
  readonly name: string;
  readonly type: number;
  readonly shape: readonly (number | string)[];
}

/** The graph of an ONNX model. */
export function decodeGraph(bytes: Uint8Array): DecodedGraph {
  const graph = new Reader(bytes).message(7);
  return {
    nodes: graph.messages(1).map((node) => ({
      type: node.text(4),
      domain: node.text(7),
      inputs: node.texts(1),
      outputs: node.texts(2),
      attributes: new Map(node.messages(5).map((attribute) => [attribute.text(1), attributeOf(attribute)])),
    })),
    initializers: graph.messages(5).map((tensor) => ({
      name: tensor.text(8),
      type: tensor.integer(2),
      shape: tensor.integers(1),
      data: tensor.integer(14) === 1 ? externalOf(tensor) : tensor.bytes(9),
    })),
    inputs: graph.messages(11).map(valueOf),
    outputs: graph.messages(12).map(valueOf),
  };
}

function attributeOf(attribute: Reader): number | string | readonly number[] {
  switch (attribute.integer(20)) {
    case 1:
      return attribute.float(2);
    case 2:
      return attribute.integer(3);
    case 3:
      return attribute.text(4);
    default:
      return attribute.integers(8);
  }
}

function externalOf(tensor: Reader): { readonly location: string; readonly offset: number; readonly length: number } {
  const entries = new Map(tensor.messages(13).map((entry) => [entry.text(1), entry.text(2)]));
  return {
    location: entries.get('location')!,
    offset: Number(entries.get('offset')),
    length: Number(entries.get('length')),
  };
}

function valueOf(value: Reader): DecodedValue {
  const tensor = value.message(2).message(1);
  const shape = tensor
    .message(2)
    .messages(1)
    .map((dimension) => dimension.text(2) || dimension.integer(1));
  return { name: value.text(1), type: tensor.integer(1), shape };
}

/** The fields of a message. */
class Reader {
  readonly #fields = new Map<number, (bigint | Uint8Array)[]>();
  readonly #bytes: Uint8Array;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    while (this.#position < bytes.length) {
      const tag = Number(this.#varint());
      const values = this.#fields.get(tag >> 3) ?? [];
      values.push(this.#value(tag & 7));
      this.#fields.set(tag >> 3, values);
    }
  }

  integers(field: number): readonly number[] {
    return (this.#fields.get(field) ?? []).map((value) => Number(BigInt.asIntN(64, value as bigint)));
  }

  /** 0 where there is none. */
  integer(field: number): number {
    return this.integers(field).at(-1) ?? 0;
  }

  float(field: number): number {
    const bytes = this.bytes(field);
    return new DataView(bytes.buffer, bytes.byteOffset).getFloat32(0, true);
  }

  bytes(field: number): Uint8Array {
    return this.#all(field).at(-1) ?? new Uint8Array();
  }

  texts(field: number): readonly string[] {
    return this.#all(field).map((bytes) => decodedText(bytes)!);
  }

  /** Empty where there is none. */
  text(field: number): string {
    return this.texts(field).at(-1) ?? '';
  }

  messages(field: number): readonly Reader[] {
    return this.#all(field).map((bytes) => new Reader(bytes));
  }

  message(field: number): Reader {
    return new Reader(this.bytes(field));
  }

  #all(field: number): readonly Uint8Array[] {
    return (this.#fields.get(field) ?? []) as Uint8Array[];
  }

  #value(wire: number): bigint | Uint8Array {
    if (wire === 0) return this.#varint();
    const length = wire === 5 ? 4 : Number(this.#varint());
    this.#position += length;
    return this.#bytes.subarray(this.#position - length, this.#position);
  }

  #varint(): bigint {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.#bytes[this.#position++]!;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  }
}
