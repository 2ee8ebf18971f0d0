import { ProCacheError } from '../../errors.ts';
import type { DiffusionSteps } from '../diffusion-steps.ts';
import type { LatentShape } from '../latent-shape.ts';
import type { NoiseSource } from '../noise.ts';
import type { Prediction } from './prediction.ts';
import type { Variance } from './settings.ts';

/**
 * A sampler: from what the model said about a latent, the next latent.
 *
 * One is made for each generation, so it may remember the steps before. The arithmetic is float64 per number, rounded
 * to float32 once per step.
 *
 * ```ts
 * import { type Denoiser, diffusionSteps, gaussians, predictionOf, type Sampler } from '@procache/core';
 *
 * // DDIM without noise: the same image and the same noise, at the level that the step leads to.
 * const steps = diffusionSteps(10);
 * const ddim: Sampler = (latent, { clean, noise }, step) => {
 *   const to = steps.next[step]!;
 *   return latent.map((_, i) => to.signal * clean[i]! + to.noise * noise[i]!);
 * };
 *
 * const denoise: Denoiser = async (latent) => latent; // a model that takes all it sees for noise
 * const shape = { channels: 4, outChannels: 4, height: 8, width: 8 };
 * let latent = gaussians(0)(4 * 8 * 8);
 * for (let step = 0; step < steps.count; step++) {
 *   const said = predictionOf(await denoise(latent, step), latent, steps.levels[step]!, { shape, kind: 'epsilon' });
 *   latent = ddim(latent, said, step);
 * }
 * console.log(latent.length); // 256
 * ```
 */
export type Sampler = (latent: Float32Array, said: Prediction, step: number) => Float32Array;

/** What samplers are made from. */
export interface SamplerOptions {
  readonly shape: LatentShape;
  /** How much of DDPM's noise DDIM injects, 0 to 1: 0, the default, is deterministic, 1 is as random as DDPM. */
  readonly eta?: number | undefined;
  /**
   * Of DDPM; by default what the steps say, else `"learned-range"` where the model has channels for it, else
   * `"fixed-large"`.
   */
  readonly variance?: Variance | undefined;
  /** The injected noise; needed by samplers that inject some. */
  readonly noise?: NoiseSource | undefined;
}

/**
 * Makes the sampler of one generation: what that remembers is in here.
 *
 * ```ts
 * import { diffusionSteps, type SamplerFactory } from '@procache/core';
 *
 * // DDIM that leans on the noise of the step before, after Adams and Bashforth.
 * const leaning: SamplerFactory = (steps) => {
 *   let before: Float64Array | undefined;
 *   return (latent, { clean, noise }, step) => {
 *     const [to, last] = [steps.next[step]!, before ?? noise];
 *     before = Float64Array.from(noise);
 *     return latent.map((_, i) => to.signal * clean[i]! + to.noise * (1.5 * noise[i]! - 0.5 * last[i]!));
 *   };
 * };
 *
 * const shape = { channels: 1, outChannels: 1, height: 1, width: 1 };
 * const sampler = leaning(diffusionSteps(10), { shape });
 * const said = { clean: Float64Array.of(0.5), noise: Float64Array.of(2), variance: undefined };
 * console.log(sampler(Float32Array.of(1), said, 9)[0]); // 0.5: the last step leads to the clean image
 * ```
 */
export type SamplerFactory = (steps: DiffusionSteps, options: SamplerOptions) => Sampler;

/** The noise that a step injects. */
export function noiseFor(step: number, latent: Float32Array, source: NoiseSource | undefined): Float32Array {
  if (!source)
    throw new ProCacheError(
      'invalid-input',
      `step ${step} injects noise; pass a noise source, or take a deterministic sampler`,
    );
  const noise = source(step, latent.length);
  if (noise.length === latent.length) return noise;
  throw new ProCacheError(
    'invalid-input',
    `step ${step}: the noise source returned ${noise.length} numbers for a latent of ${latent.length}`,
  );
}
