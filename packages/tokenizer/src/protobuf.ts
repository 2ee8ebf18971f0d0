import { ProCacheError } from '@procache/core';

/** A field of a message: its number, and its value, which is a number, or bytes. */
export interface Field {
  readonly number: number;
  /** An integer of up to 64 bits, or the float of a field of four bytes. */
  readonly value: number;
  /** Of a field that has a length: a text, or a message of its own; empty otherwise. */
  readonly bytes: Uint8Array;
}

const NOTHING: Uint8Array = new Uint8Array(0);
/** Bits of a byte that belong to an integer, and the bytes of the longest one. */
const [BITS, MOST_BYTES] = [7, 10];

/**
 * The fields of a message of protocol buffers, in their order.
 *
 * @throws {ProCacheError} `invalid-model` where they do not fill the bytes; `place` and `advice` are for the message.
 */
export function fieldsOf(bytes: Uint8Array, place: string, advice: string): readonly Field[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const fields: Field[] = [];
  let at = 0;
  const fail = (problem: string): never => {
    throw new ProCacheError('invalid-model', `${place}: ${problem}; ${advice}`);
  };
  const skip = (count: number): number => {
    const left = bytes.length - at;
    if (count > left) fail(`ends early: ${count} bytes should come at byte ${at}, but ${left} are left`);
    at += count;
    return at - count;
  };
  const integer = (): number => {
    let value = 0;
    for (let i = 0; i < MOST_BYTES; i++) {
      const byte = bytes[skip(1)]!;
      value += (byte & 0x7f) * 2 ** (BITS * i);
      if (byte < 0x80) return value;
    }
    return fail(`the integer before byte ${at} has more than ${MOST_BYTES} bytes, so this is no such file`);
  };
  while (at < bytes.length) {
    const start = at;
    const tag = integer();
    const number = Math.floor(tag / 8);
    switch (tag % 8) {
      case 0:
        fields.push({ number, value: integer(), bytes: NOTHING });
        break;
      case 1:
        fields.push({ number, value: view.getFloat64(skip(8), true), bytes: NOTHING });
        break;
      case 2: {
        const length = integer();
        const first = skip(length);
        fields.push({ number, value: length, bytes: bytes.subarray(first, first + length) });
        break;
      }
      case 5:
        fields.push({ number, value: view.getFloat32(skip(4), true), bytes: NOTHING });
        break;
      default:
        fail(`byte ${start} begins a field of the kind ${tag % 8}, which there is not, so this is no such file`);
    }
  }
  return fields;
}
