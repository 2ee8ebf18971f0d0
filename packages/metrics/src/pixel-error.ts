/** Distances between two images, or two latents, value by value. */

/**
 * The mean of the squared differences, in squared units of the values.
 *
 * `a` and `b` are laid out alike, usually `[channels, height, width]`; the layout does not matter. A NaN in either
 * gives NaN.
 */
export function meanSquaredError(a: Float32Array, b: Float32Array): number {
  requireSameLength(a, b);
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2;
  return sum / a.length;
}

/**
 * The peak signal-to-noise ratio in decibels: `10 log10(peak^2 / meanSquaredError)`. Higher is closer; equal images
 * give `Infinity`.
 *
 * `a` and `b` are laid out alike, usually `[channels, height, width]`. `peak` is the width of the value range, in the
 * units of the values: 255 for bytes, 1 for `[0, 1]`, 2 for `[-1, 1]`. To average over images, average their mean
 * squared errors, or say that it is the mean of the decibels: one equal pair makes the latter infinite.
 */
export function psnr(a: Float32Array, b: Float32Array, peak: number): number {
  requirePositivePeak(peak);
  return 10 * Math.log10(peak ** 2 / meanSquaredError(a, b));
}

/**
 * The relative L2 error `|actual - reference| / |reference|`: 0 for equal latents, 1 for an `actual` of zeros.
 *
 * Both are laid out alike, usually `[images, channels, height, width]`. It has no unit, so that latents of different
 * models and steps can be compared. Where the reference is all zeros it is 0 if `actual` is too, otherwise `Infinity`.
 */
export function relativeError(actual: Float32Array, reference: Float32Array): number {
  requireSameLength(actual, reference);
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < reference.length; i++) {
    difference += (actual[i]! - reference[i]!) ** 2;
    norm += reference[i]! ** 2;
  }
  return difference === 0 ? 0 : Math.sqrt(difference / norm);
}

/** Checks that `peak` is the width of a value range. */
export function requirePositivePeak(peak: number): void {
  if (!(peak > 0 && peak < Infinity)) {
    throw new RangeError(
      `peak is ${peak}, not a positive number; pass the width of the value range: 255 for bytes, 2 for [-1, 1]`,
    );
  }
}

function requireSameLength(a: Float32Array, b: Float32Array): void {
  if (a.length !== b.length)
    throw new RangeError(`${a.length} values against ${b.length}; compare images of the same shape`);
  if (a.length === 0) throw new RangeError('0 values against 0; pass at least one');
}
