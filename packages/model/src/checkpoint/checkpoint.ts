import { type ByteSource } from './byte-source.ts';

/** Where a tensor lies in its file. Nothing is read until it is asked for. */
export interface StoredTensor {
  readonly name: string;
  /** A `StoredType`; of a tensor that cannot be read (`unread`), what its file calls the format. */
  readonly type: string;
  readonly shape: readonly number[];
  /** Elements between neighbours along each axis; row-major unless a torch file stores a view. */
  readonly strides: readonly number[];
  readonly source: ByteSource;
  /** Byte offset in `source` of the tensor's first element. */
  readonly offset: number;
  /** Why the values cannot be read, where they cannot: a tensor that nobody needs may be of any kind. */
  readonly unread?: string;
  /** The range that it lies in, where its file keeps a checksum of that; safetensors files keep none. */
  readonly record?: StoredRecord;
}

/** A range of a file, and the checksum that the file keeps of it. */
export interface StoredRecord {
  readonly name: string;
  /** In bytes. */
  readonly offset: number;
  readonly length: number;
  readonly crc32: number;
}

/** The tensors of a model by name, however many files they lie in. */
export interface Checkpoint {
  readonly format: 'safetensors' | 'torch';
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /**
   * What the file says about itself, and what was taken of it: `procache.state` (the keys that led to the weights),
   * `procache.prefix` (what was dropped from the start of every name) and `procache.note`. See `weightsTaken`.
   */
  readonly metadata: ReadonlyMap<string, string>;
}

/** The number of elements of a shape; not a safe integer where the shape is absurd. */
export function elementCount(shape: readonly number[]): number {
  return shape.includes(0) ? 0 : shape.reduce((product, extent) => product * extent, 1);
}

/** The strides of a tensor whose last axis is the closest in memory. */
export function rowMajorStrides(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = step;
    step *= Math.max(1, shape[axis]!);
  }
  return strides;
}

/** Whether the elements follow each other in row-major order, so that one range holds just them. */
export function isContiguous(tensor: Pick<StoredTensor, 'shape' | 'strides'>): boolean {
  if (tensor.shape.includes(0)) return true;
  const rowMajor = rowMajorStrides(tensor.shape);
  return tensor.shape.every((extent, axis) => extent === 1 || tensor.strides[axis] === rowMajor[axis]);
}

/** The elements from the first of a view to its last, with those that lie between and belong to others. */
export function elementSpan(shape: readonly number[], strides: readonly number[]): number {
  if (shape.includes(0)) return 0;
  return shape.reduce((last, extent, axis) => last + (extent - 1) * strides[axis]!, 1);
}

/** Whether a value read from a file can be an extent, a stride or an offset. */
export function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
