import type { DiffusionSteps } from '../diffusion.ts';
import { ProCacheError } from '../errors.ts';
import { checkClip, checkFloats, checkShape, checkSteps } from '../process-check.ts';
import type { LatentShape } from '../transformer.ts';
import { integerOf } from '../untrusted/json-reader.ts';

/** The samplers by name. */
export const SAMPLER_NAMES = ['ddim', 'ddpm'] as const;
export type SamplerName = (typeof SAMPLER_NAMES)[number];

/** Keeps the clean image that a step predicts within a range, as models of pixels need it. */
export interface Clip {
  /** The image is clamped to [-range, range]. */
  readonly range: number;
  /**
   * Which noise DDIM goes on with where it clamped: `"derived"`, the default, is the noise that leads from the clamped
   * image to the latent, as in the original code; `"predicted"` is what the model said, as in diffusers.
   */
  readonly noise?: 'derived' | 'predicted' | undefined;
}

/**
 * The variance of a step of DDPM.
 *
 * - `"learned-range"`: the model says where it lies between the two below (Nichol and Dhariwal, 2021, Eq. 15).
 * - `"fixed-small"`: that of the posterior, the lower bound.
 * - `"fixed-large"`: beta, the upper bound.
 */
export type Variance = 'learned-range' | 'fixed-small' | 'fixed-large';

/** What every sampler takes. */
export interface SampleOptions {
  /** What the model reads and writes: where the output of an image is longer than its latent, the rest is variance. */
  readonly shape: LatentShape;
  /** By default what the steps say, which is mostly no clamping: latents have no range. */
  readonly clip?: Clip | undefined;
  /** Called after each step with the latent that it led to, which is only to be read; awaited. */
  readonly onStep?: ((event: SampledStep) => void | Promise<void>) | undefined;
}

export interface SampledStep {
  readonly step: number;
  /** [images, channels, height, width] */
  readonly latent: Float32Array;
}

/** Standard normal noise for a step, as many numbers as the latent has. Asked for once per step, in order. */
export type NoiseSource = (step: number, length: number) => Float32Array;

/** What a model says about a latent. */
export interface Prediction {
  /** The noise in the latent, [images, channels, height, width]. */
  readonly noise: Float32Array;
  /** Where between its bounds the variance lies, -1 to 1, in the same shape; absent where the model does not say. */
  readonly variance: Float32Array | undefined;
}

/**
 * Splits a model's output, [images, outChannels, height, width], into noise and variance.
 *
 * @throws {ProCacheError} `invalid-input` where the output is not that of `length` numbers of latent.
 */
export function splitOutput(output: Float32Array, length: number, shape: LatentShape): Prediction {
  checkShape(shape);
  checkFloats(output, 'output');
  integerOf({ value: length, place: 'length', code: 'invalid-input' }, 0);
  const { channels, outChannels, height, width } = shape;
  const [size, stride] = [channels * height * width, outChannels * height * width];
  if (output.length * size !== length * stride) {
    throw new ProCacheError(
      'invalid-input',
      `the model returned ${output.length} numbers for a latent of ${length}, where ${outChannels} channels for ${channels} make ` +
        `${(length / channels) * outChannels}; check the sampler's shape`,
    );
  }
  if (outChannels === channels) return { noise: output, variance: undefined };
  const part = (offset: number): Float32Array => {
    const values = new Float32Array(length);
    for (let image = 0; image * size < length; image++) {
      values.set(output.subarray(image * stride + offset, image * stride + offset + size), image * size);
    }
    return values;
  };
  return { noise: part(0), variance: outChannels === 2 * channels ? part(size) : undefined };
}

/**
 * Clamps to a range; without one, changes nothing.
 *
 * @throws {ProCacheError} `invalid-input` for a range that is not a positive number.
 */
export function clamping(clip: Clip | undefined): (value: number) => number {
  if (clip === undefined) return (value) => value;
  const { range } = clip;
  if (!(range > 0)) throw new ProCacheError('invalid-input', `the clip range is ${range}; it is a number above 0, mostly 1`);
  return (value) => Math.min(Math.max(value, -range), range);
}

/** Refuses what samplers are handed where it is of the wrong kind. */
export function checkSampling(latent: Float32Array, steps: DiffusionSteps, { shape, clip }: SampleOptions): void {
  checkFloats(latent, 'latent');
  checkSteps(steps);
  checkShape(shape);
  checkClip(clip, 'clip');
}

/** Checks that a latent holds whole images of this shape. */
export function checkLatent(latent: Float32Array, { channels, height, width }: LatentShape): void {
  if (latent.length === 0 || latent.length % (channels * height * width) !== 0) {
    throw new ProCacheError(
      'invalid-input',
      `a latent of ${latent.length} numbers is not made of images of ${channels}x${height}x${width} = ${channels * height * width}; ` +
        `pass [images, channels, height, width]`,
    );
  }
}

/** The noise that a step injects. */
export function noiseFor(step: number, latent: Float32Array, source: NoiseSource): Float32Array {
  const noise = source(step, latent.length);
  if (noise.length === latent.length) return noise;
  throw new ProCacheError('invalid-input', `step ${step}: the noise source returned ${noise.length} numbers for a latent of ${latent.length}`);
}
