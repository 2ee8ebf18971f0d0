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

/** The bytes of a safetensors file that holds `tensors` in their order. */
export function writeSafetensors(
  tensors: ReadonlyMap<string, TensorValues>,
  metadata?: ReadonlyMap<string, string>,
): Uint8Array {
  const members: [string, unknown][] = metadata === undefined ? [] : [['__metadata__', Object.fromEntries(metadata)]];
  let size = 0;
  for (const [name, tensor] of tensors) {
    checkTensor(name, tensor);
    const dtype = tensor.data instanceof Int32Array ? 'I32' : 'F32';
    const range = [size, size + tensor.data.byteLength];
    members.push([name, { dtype, shape: tensor.shape, data_offsets: range }]);
    size += tensor.data.byteLength;
  }
  const header = utf8Of(JSON.stringify(Object.fromEntries(members)));
  const padded = Math.ceil(header.length / alignment) * alignment;
  const file = new Uint8Array(8 + padded + size);
  new DataView(file.buffer).setBigUint64(0, BigInt(padded), true);
  file.set(header, 8);
  file.fill(0x20, 8 + header.length, 8 + padded); // the format pads with spaces
  let at = 8 + padded;
  for (const { data } of tensors.values()) {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return file;
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
