import { crc32 } from '@foxglove/crc';

import { rangeOf, viewOf } from './byte-source.ts';
import { elementCount, elementSpan, isContiguous, type StoredTensor } from './checkpoint.ts';
import { checkRecord } from './check-records.ts';
import { widenBfloat16, widenFloat16 } from './half.ts';
import { refusalOfTensor } from './refusal.ts';
import { bytesPerElement, isStoredType, notRead, type StoredType } from './stored-type.ts';

/**
 * The values of a tensor as fp32 in row-major order. The caller owns the array.
 *
 * Integers beyond 2^24 and doubles are rounded to the nearest fp32; a BOOL gives 0 or 1. Where the tensor fills a
 * range of which the file keeps a checksum, the values are checked against it.
 *
 * @throws {ProCacheError} `invalid-model` where the values are of a kind that is not read, or damaged.
 */
export async function readFloats(tensor: StoredTensor): Promise<Float32Array> {
  const { type, source, offset, record } = tensor;
  if (!isStoredType(type)) throw refusalOfTensor(source, tensor.name)(tensor.unread ?? notRead(type));
  const span = elementSpan(tensor.shape, tensor.strides);
  const bytes = await rangeOf(source, offset, span * bytesPerElement(type));
  if (record?.offset === offset && record.length === bytes.length) checkRecord(source, record, crc32(bytes));
  const floats = wideners[type](bytes, span);
  return isContiguous(tensor) ? floats : gather(floats, tensor.shape, tensor.strides);
}

type Widen = (bytes: Uint8Array, count: number) => Float32Array;

const wideners: Readonly<Record<StoredType, Widen>> = {
  F64: eachElement(8, (view, at) => view.getFloat64(at, true)),
  F32: copyFloats,
  F16: widenFloat16,
  BF16: widenBfloat16,
  I64: eachElement(8, (view, at) => Number(view.getBigInt64(at, true))),
  I32: eachElement(4, (view, at) => view.getInt32(at, true)),
  I16: eachElement(2, (view, at) => view.getInt16(at, true)),
  I8: eachElement(1, (view, at) => view.getInt8(at)),
  U64: eachElement(8, (view, at) => Number(view.getBigUint64(at, true))),
  U32: eachElement(4, (view, at) => view.getUint32(at, true)),
  U16: eachElement(2, (view, at) => view.getUint16(at, true)),
  U8: eachElement(1, (view, at) => view.getUint8(at)),
  BOOL: eachElement(1, (view, at) => (view.getUint8(at) === 0 ? 0 : 1)),
};

function eachElement(size: number, read: (view: DataView, at: number) => number): Widen {
  return (bytes, count) => {
    const view = viewOf(bytes);
    const floats = new Float32Array(count);
    for (let i = 0; i < count; i++) floats[i] = read(view, i * size);
    return floats;
  };
}

/** Files and every host that ONNX Runtime runs on are little-endian, so fp32 is a plain copy. */
function copyFloats(bytes: Uint8Array, count: number): Float32Array {
  const floats = new Float32Array(count);
  new Uint8Array(floats.buffer).set(bytes);
  return floats;
}

/** The elements of a view, in row-major order, from the span that holds them. */
function gather(span: Float32Array, shape: readonly number[], strides: readonly number[]): Float32Array {
  const floats = new Float32Array(elementCount(shape));
  const index = new Array<number>(shape.length).fill(0);
  let from = 0;
  for (let to = 0; to < floats.length; to++) {
    floats[to] = span[from]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]!;
      index[axis]!++;
      if (index[axis]! < shape[axis]!) break;
      from -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return floats;
}
