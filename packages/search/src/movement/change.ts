import { ProCacheError } from '@procache/core';

/** By how much something changed. */
export interface Change {
  /** 1 for the same direction, 0 for a right angle, or where one of the two is all zeros. */
  readonly cosine: number;
  /** The sum of absolute differences by the sum of absolute values of the later one. */
  readonly relativeL1: number;
}

/** By how much a feature differs from an earlier one. */
export function changeOf(before: Float32Array, after: Float32Array): Change {
  if (before.length !== after.length)
    throw new ProCacheError(
      'invalid-input',
      `features of ${before.length} and ${after.length} numbers cannot be compared; pass those of one branch`,
    );
  let [product, beforeSquares, afterSquares, difference, size] = [0, 0, 0, 0, 0];
  for (let i = 0; i < after.length; i++) {
    const [a, b] = [before[i]!, after[i]!];
    product += a * b;
    beforeSquares += a * a;
    afterSquares += b * b;
    difference += Math.abs(a - b);
    size += Math.abs(b);
  }
  const lengths = Math.sqrt(beforeSquares * afterSquares);
  return {
    cosine: lengths === 0 ? Number(difference === 0) : product / lengths,
    relativeL1: difference === 0 ? 0 : difference / size,
  };
}
