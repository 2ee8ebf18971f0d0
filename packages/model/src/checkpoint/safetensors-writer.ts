import { ProCacheError } from '@procache/core';

import { elementCount } from './checkpoint.ts';
import { utf8Of } from './utf8.ts';

/** A tensor to be written: its values in row-major order. */
export interface TensorValues {
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array;
}

/** The header is padded to this, so that every tensor is aligned to its elements. */
const alignment = 8;

/** A tensor as the header of a file tells of it. */
export interface HeaderTensor {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: number;
}

/** The bytes of a safetensors file that holds `tensors` in their order. */
export function writeSafetensors(
  tensors: ReadonlyMap<string, TensorValues>,
  metadata?: ReadonlyMap<string, string>,
): Uint8Array {
  for (const [name, tensor] of tensors) checkTensor(name, tensor);
  const told = Array.from(tensors, ([name, { shape, data }]): HeaderTensor => {
    return { name, dtype: data instanceof Int32Array ? 'I32' : 'F32', shape, bytes: data.byteLength };
  });
  const header = safetensorsHeader(told, metadata);
  const file = new Uint8Array(told.reduce((size, { bytes }) => size + bytes, header.length));
  file.set(header);
  let at = header.length;
  for (const { data } of tensors.values()) {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return file;
}

/** What a safetensors file of such tensors, one behind another, begins with: the length of its header, and that. */
export function safetensorsHeader(
  tensors: readonly HeaderTensor[],
  metadata?: ReadonlyMap<string, string>,
): Uint8Array {
  const members: [string, unknown][] = metadata === undefined ? [] : [['__metadata__', Object.fromEntries(metadata)]];
  let at = 0;
  for (const { name, dtype, shape, bytes } of tensors) {
    members.push([name, { dtype, shape, data_offsets: [at, at + bytes] }]);
    at += bytes;
  }
  const text = utf8Of(JSON.stringify(Object.fromEntries(members)));
  const padded = Math.ceil(text.length / alignment) * alignment;
  const header = new Uint8Array(8 + padded).fill(0x20); // the format pads with spaces
  new DataView(header.buffer).setBigUint64(0, BigInt(padded), true);
  header.set(text, 8);
  return header;
}

function checkTensor(name: string, { shape, data }: TensorValues): void {
  if (name === '__metadata__') {
    throw new ProCacheError('invalid-model', `a tensor cannot be called '__metadata__'; the format keeps that name`);
  }
  if (elementCount(shape) !== data.length) {
    throw new ProCacheError(
      'invalid-model',
      `tensor '${name}': shape [${shape.join(', ')}] has ${elementCount(shape)} elements but ${data.length} are ` +
        `given; pass one value per element`,
    );
  }
}
