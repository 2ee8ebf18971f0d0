import { elementCount, isContiguous, type StoredTensor } from '../checkpoint/checkpoint.ts';

/** A constant that a graph computes with: where its numbers are, and the shape it has in the graph. */
export type Weight = StoredWeight | InlineWeight;

/** Numbers that stay in the checkpoint's file until ONNX Runtime maps them. */
export interface StoredWeight {
  readonly kind: 'stored';
  readonly tensor: StoredTensor;
  /** The first element that is meant, counted from the tensor's own first. */
  readonly first: number;
  readonly shape: readonly number[];
}

/** Numbers that were computed, or widened, or gathered when the model was opened. */
export interface InlineWeight {
  readonly kind: 'inline';
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** A linear layer in torch's layout: weight [out, in], bias [out]. */
export interface Linear {
  readonly weight: Weight;
  readonly bias: Weight;
}

export function inlineWeight(data: Float32Array, shape: readonly number[]): InlineWeight {
  return { kind: 'inline', data, shape };
}

/** Rows `first` to `first + count - 1` of a weight, without copying. */
export function rows(weight: Weight, first: number, count: number): Weight {
  const width = elementCount(weight.shape.slice(1));
  const shape = [count, ...weight.shape.slice(1)];
  if (weight.kind === 'inline')
    return { kind: 'inline', shape, data: weight.data.subarray(first * width, (first + count) * width) };
  return { ...weight, shape, first: weight.first + first * width };
}

/** The same numbers under another shape. */
export function reshaped(weight: Weight, shape: readonly number[]): Weight {
  return { ...weight, shape };
}

/** Whether ONNX Runtime can read a tensor where it lies, as 32-bit floats or as halves that it widens. */
export function isMappable(tensor: StoredTensor): boolean {
  const width = { F32: 4, F16: 2, BF16: 2 }[tensor.type];
  return width !== undefined && isContiguous(tensor) && tensor.offset % width === 0;
}
