import { ProCacheError } from '../../errors.ts';
import { nameOf, objectOf } from '../../untrusted/json-reader.ts';
import { checkNumber } from '../../untrusted/numbers.ts';
import { checkOptions } from '../../untrusted/options.ts';

/** Keeps the clean image that a step predicts within a range, as models of pixels need it. */
export type Clip = FixedRange | DynamicThreshold;

interface ClipNoise {
  /**
   * Which noise a sampler goes on with where the image was changed: `"derived"`, the default, is the noise that leads
   * from the clipped image to the latent, as in the original code; `"predicted"` is what the model said, as in
   * diffusers.
   */
  readonly noise?: 'derived' | 'predicted' | undefined;
}

/** The image is clamped to [-range, range]. */
export interface FixedRange extends ClipNoise {
  readonly range: number;
}

/**
 * Dynamic thresholding (Saharia et al., 2022, section 2.3): each image is clamped to a quantile of its magnitudes, at
 * least 1 and at most `most`, and divided by it, so that it ends within [-1, 1].
 */
export interface DynamicThreshold extends ClipNoise {
  /** 0 to 1. */
  readonly quantile: number;
  readonly most: number;
}

/** Refuses a clip whose parts are of the wrong kind. */
export function checkClip(clip: Clip | undefined, place: string): void {
  if (clip === undefined) return;
  objectOf({ value: clip, place, code: 'invalid-input' });
  if ('quantile' in clip) {
    checkOptions(place, clip, { quantile: true, most: true, noise: true });
    for (const key of ['quantile', 'most'] as const) checkNumber(clip[key], `${place}.${key}`);
  } else {
    checkOptions(place, clip, { range: true, noise: true });
    checkNumber(clip.range, `${place}.range`);
  }
  if (clip.noise !== undefined)
    nameOf({ value: clip.noise, place: `${place}.noise`, code: 'invalid-input' }, CLIP_NOISES);
}

const CLIP_NOISES = ['derived', 'predicted'] as const;

/**
 * Clips images in place, each of `size` numbers.
 *
 * @throws {ProCacheError} `invalid-input` for a range or a quantile that is none.
 */
export function clipImages(images: Float64Array, clip: Clip, size: number): void {
  if ('range' in clip) {
    if (!(clip.range > 0)) {
      throw new ProCacheError('invalid-input', `the clip range is ${clip.range}; it is a number above 0, mostly 1`);
    }
    clampTo(images, clip.range);
    return;
  }
  const { quantile, most } = clip;
  if (!(quantile >= 0 && quantile <= 1 && most > 0)) {
    throw new ProCacheError(
      'invalid-input',
      `the clip is the quantile ${quantile}, at most ${most}; a quantile is a number from 0 to 1, and the most above 0`,
    );
  }
  for (let start = 0; start < images.length; start += size) {
    const image = images.subarray(start, start + size);
    const range = Math.min(Math.max(quantileOf(image.map(Math.abs).sort(), quantile), 1), most);
    clampTo(image, range);
    for (let i = 0; i < image.length; i++) image[i]! /= range;
  }
}

function clampTo(values: Float64Array, range: number): void {
  for (let i = 0; i < values.length; i++) values[i] = Math.min(Math.max(values[i]!, -range), range);
}

/** Between two of some sorted numbers it is interpolated linearly, as `torch.quantile` does. */
function quantileOf(sorted: Float64Array, quantile: number): number {
  const position = quantile * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(position)]!, sorted[Math.ceil(position)]!];
  return low + (high - low) * (position - Math.floor(position));
}
