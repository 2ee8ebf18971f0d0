import type { LatentShape } from '@procache/core';
import { psnr, ssim, SSIM_WINDOW } from '@procache/metrics';
import type { ImageMeasure } from '@procache/search';

/** How images lie: their shape, and the values that pixels have. */
export interface PixelImages {
  readonly latent: LatentShape;
  /** Black and white; what is outside is shown as the nearer of the two, and measured so. */
  readonly valueRange: readonly [low: number, high: number];
}

/** How like its uncached self an image looks, more for more: the ratio of signal to noise, or structural similarity. */
export function pixelMeasure(name: 'psnr' | 'ssim', { latent, valueRange }: PixelImages): ImageMeasure {
  const [low, high] = valueRange;
  const shown = (image: Float32Array) => image.map((value) => Math.min(high, Math.max(low, value)));
  const peak = high - low;
  const of = (image: Float32Array, uncached: Float32Array): number =>
    name === 'psnr'
      ? psnr(shown(image), shown(uncached), peak)
      : ssim(shown(image), shown(uncached), { ...latent, peak });
  return { name, better: 'higher', judges: 'image', of };
}

/** Whether images are as large as the window that SSIM slides over them. */
export function hasRoomForSsim({ height, width }: Pick<LatentShape, 'height' | 'width'>): boolean {
  return Math.min(height, width) >= SSIM_WINDOW;
}
