import type { Decoder, ImageFormat } from '@procache/core';
import { psnr, relativeError, ssim, SSIM_WINDOW } from '@procache/metrics';

/** How close images come to those that they are compared with. Pixels are compared only where there is a decoder. */
export interface Closeness {
  /** Relative L2 error of all latents together. */
  readonly latentError: number;
  readonly pixels: PixelCloseness | undefined;
}

/** The same for what the latents show. */
export interface PixelCloseness {
  /** In decibels, over all images together; infinite where they are identical. */
  readonly psnr: number;
  readonly psnrByImage: readonly number[];
  /** The mean over all images; absent for images too small for its window. */
  readonly ssim: number | undefined;
}

/**
 * How close latents come to others, both [images, channels, height, width], and what a decoder makes of them.
 *
 * @throws {RangeError} where they are not of one size
 */
export async function closenessOf(
  latents: Float32Array,
  reference: Float32Array,
  decoder: Pick<Decoder, 'image' | 'decode'> | undefined,
): Promise<Closeness> {
  const latentError = relativeError(latents, reference);
  if (!decoder) return { latentError, pixels: undefined };
  const [images, others] = [await decoder.decode(latents), await decoder.decode(reference)];
  return { latentError, pixels: pixelCloseness(images, others, decoder.image) };
}

/** How close images come to others, both [images, channels, height, width], as far as their value range is shown. */
export function pixelCloseness(images: Float32Array, reference: Float32Array, format: ImageFormat): PixelCloseness {
  const { channels, height, width, valueRange } = format;
  const [low, high] = [Math.min(...valueRange), Math.max(...valueRange)];
  const shown = (values: Float32Array) => values.map((value) => Math.min(high, Math.max(low, value)));
  const [a, b] = [shown(images), shown(reference)];
  const peak = high - low;
  const size = channels * height * width;
  const pairs = Array.from(
    { length: a.length / size },
    (_, i) => [a.subarray(i * size, (i + 1) * size), b.subarray(i * size, (i + 1) * size)] as const,
  );
  const fits = Math.min(height, width) >= SSIM_WINDOW;
  const sum = pairs.reduce((total, [x, y]) => total + (fits ? ssim(x, y, { channels, height, width, peak }) : 0), 0);
  return {
    psnr: psnr(a, b, peak),
    psnrByImage: pairs.map(([x, y]) => psnr(x, y, peak)),
    ssim: fits ? sum / pairs.length : undefined,
  };
}
