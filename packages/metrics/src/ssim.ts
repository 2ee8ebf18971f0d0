import { requirePositivePeak } from './pixel-error.ts';

/** The shape and the value range of the images that `ssim` compares. */
export interface SsimOptions {
  readonly width: number;
  readonly height: number;
  /** How many planes the images have; each is compared by itself and the results are averaged. */
  readonly channels: number;
  /** The width of the value range: 255 for bytes, 1 for `[0, 1]`, 2 for `[-1, 1]`. */
  readonly peak: number;
}

/** Rows and columns of a window of `ssim`, which smaller images do not hold. Wang et al. 2004, section III.C. */
export const SSIM_WINDOW = 11;

// From there too: the window's standard deviation, and the constants that keep the quotients stable.
const sigma = 1.5;
const k1 = 0.01;
const k2 = 0.03;

/**
 * The mean structural similarity of two images `[channels, height, width]`: 1 for equal images, about 0 for unrelated
 * ones, at least -1.
 *
 * Wang, Bovik, Sheikh and Simoncelli, "Image Quality Assessment: From Error Visibility to Structural Similarity", 2004,
 * Eqs. 13 to 17: an 11 x 11 Gaussian window with a standard deviation of 1.5 pixels, K1 = 0.01, K2 = 0.03, variances
 * that divide by the sum of the weights. Only windows that lie inside the image count, so the result equals
 * `skimage.metrics.structural_similarity(..., gaussian_weights=True, sigma=1.5, use_sample_covariance=False)`.
 *
 * Images with fewer than 11 rows or columns hold no window and are refused: a smaller window would give a number that
 * cannot be compared with any other.
 */
export function ssim(a: Float32Array, b: Float32Array, options: SsimOptions): number {
  requireImages(a, b, options);
  const { width, height, channels, peak } = options;
  const plane = width * height;
  let sum = 0;
  for (let channel = 0; channel < channels; channel++) {
    const from = channel * plane;
    sum += planeSimilarity(
      Float64Array.from(a.subarray(from, from + plane)),
      Float64Array.from(b.subarray(from, from + plane)),
      width,
      peak,
    );
  }
  return sum / channels;
}

/** The mean of the similarity map (Eq. 13) of one plane `[height, width]`. */
function planeSimilarity(a: Float64Array, b: Float64Array, width: number, peak: number): number {
  const c1 = (k1 * peak) ** 2;
  const c2 = (k2 * peak) ** 2;
  const meanA = blur(a, width);
  const meanB = blur(b, width);
  const squareA = blur(
    a.map((value) => value * value),
    width,
  );
  const squareB = blur(
    b.map((value) => value * value),
    width,
  );
  const product = blur(
    a.map((value, i) => value * b[i]!),
    width,
  );
  let sum = 0;
  for (let i = 0; i < meanA.length; i++) {
    const ma = meanA[i]!;
    const mb = meanB[i]!;
    const variances = squareA[i]! - ma * ma + (squareB[i]! - mb * mb);
    const covariance = product[i]! - ma * mb;
    sum += ((2 * ma * mb + c1) * (2 * covariance + c2)) / ((ma * ma + mb * mb + c1) * (variances + c2));
  }
  return sum / meanA.length;
}

const gaussian: readonly number[] = gaussianWindow();

function gaussianWindow(): number[] {
  const weights = Array.from({ length: SSIM_WINDOW }, (_, i) =>
    Math.exp(-0.5 * ((i - (SSIM_WINDOW - 1) / 2) / sigma) ** 2),
  );
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

/**
 * The Gaussian mean of every window inside a plane: `[height, width]` -> `[height - 10, width - 10]`, one axis after
 * the other.
 */
function blur(plane: Float64Array, width: number): Float64Array {
  const height = plane.length / width;
  const innerWidth = width - SSIM_WINDOW + 1;
  const innerHeight = height - SSIM_WINDOW + 1;
  const rows = new Float64Array(height * innerWidth); // [height, width - 10]
  for (let i = 0; i < rows.length; i++) {
    const start = Math.floor(i / innerWidth) * width + (i % innerWidth);
    let sum = 0;
    for (let k = 0; k < SSIM_WINDOW; k++) sum += gaussian[k]! * plane[start + k]!;
    rows[i] = sum;
  }
  const blurred = new Float64Array(innerHeight * innerWidth); // [height - 10, width - 10]
  for (let i = 0; i < blurred.length; i++) {
    let sum = 0;
    for (let k = 0; k < SSIM_WINDOW; k++) sum += gaussian[k]! * rows[i + k * innerWidth]!;
    blurred[i] = sum;
  }
  return blurred;
}

function requireImages(a: Float32Array, b: Float32Array, { width, height, channels, peak }: SsimOptions): void {
  requirePositivePeak(peak);
  if (![width, height, channels].every((size) => Number.isInteger(size) && size > 0)) {
    throw new RangeError(
      `an image of ${channels} x ${height} x ${width} (channels, height, width); pass positive whole numbers`,
    );
  }
  if (Math.min(width, height) < SSIM_WINDOW) {
    throw new RangeError(
      `the images are ${width} x ${height} pixels but ssim compares windows of ${SSIM_WINDOW} x ${SSIM_WINDOW}; ` +
        `use psnr or relativeError for smaller ones`,
    );
  }
  const expected = channels * height * width;
  for (const image of [a, b]) {
    if (image.length !== expected) {
      throw new RangeError(
        `an image has ${image.length} values but ${channels} x ${height} x ${width} (channels, height, width) ` +
          `is ${expected}; pass [channels, height, width]`,
      );
    }
  }
}
