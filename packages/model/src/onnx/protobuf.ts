import { utf8Of } from '../checkpoint/utf8.ts';

/**
 * Protocol buffers, as far as ONNX needs them: varints, 32-bit floats, and length-delimited bytes.
 *
 * A message is built field by field, and is bytes only when it is finished.
 */
export class Message {
  readonly #parts: Uint8Array[] = [];
  #size = 0;

  /** Appends an integer field: int64 or an enumeration. */
  integer(field: number, value: number): this {
    return this.#append(varint(field << 3)).#append(varint(value));
  }

  float(field: number, value: number): this {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setFloat32(0, value, true);
    return this.#append(varint((field << 3) | 5)).#append(bytes);
  }

  bytes(field: number, value: Uint8Array): this {
    return this.#append(varint((field << 3) | 2))
      .#append(varint(value.length))
      .#append(value);
  }

  text(field: number, value: string): this {
    return this.bytes(field, utf8Of(value));
  }

  message(field: number, value: Message): this {
    this.#append(varint((field << 3) | 2)).#append(varint(value.#size));
    for (const part of value.#parts) this.#append(part);
    return this;
  }

  finish(): Uint8Array {
    const bytes = new Uint8Array(this.#size);
    let position = 0;
    for (const part of this.#parts) {
      bytes.set(part, position);
      position += part.length;
    }
    return bytes;
  }

  #append(part: Uint8Array): this {
    this.#parts.push(part);
    this.#size += part.length;
    return this;
  }
}

/** Seven bits a byte, the lowest first. Negative numbers take ten bytes, as int64 does. */
function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    bytes.push(rest > 0n ? low | 0x80 : low);
  } while (rest > 0n);
  return Uint8Array.from(bytes);
}
