import type { ImageFormat } from '@procache/core';
import { psnr, ssim, SSIM_WINDOW } from '@procache/metrics';
import type { ImageMeasure } from '@procache/search';

/**
 * How like its uncached self an image looks, more for more: the ratio of signal to noise, or structural similarity.
 * What is outside of black and white is shown as the nearer of the two, and measured so.
 */
export function pixelMeasure(name: 'psnr' | 'ssim', format: ImageFormat): ImageMeasure {
  const [low, high] = [Math.min(...format.valueRange), Math.max(...format.valueRange)];
  const shown = (image: Float32Array) => image.map((value) => Math.min(high, Math.max(low, value)));
  const peak = high - low;
  const of = (image: Float32Array, uncached: Float32Array): number =>
    name === 'psnr'
      ? psnr(shown(image), shown(uncached), peak)
      : ssim(shown(image), shown(uncached), { ...format, peak });
  return { name, better: 'higher', judges: 'image', of };
}

/** Whether images are as large as the window that SSIM slides over them. */
export function hasRoomForSsim({ height, width }: Pick<ImageFormat, 'height' | 'width'>): boolean {
  return Math.min(height, width) >= SSIM_WINDOW;
}
