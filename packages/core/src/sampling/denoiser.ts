/**
 * A model at one step: what it says about a latent. This is all that a sampler knows of a model.
 *
 * Takes [images, channels, height, width] and the index of the step, returns the model's output for each image.
 * Guidance (`guided`) and caching of outputs (`cachedOutput`) are wrappers of such functions, and so is what anyone
 * else adds:
 *
 * ```ts
 * import { cachedOutput, type Denoiser } from '@procache/core';
 *
 * let calls = 0;
 * const model: Denoiser = async (latent) => (calls++, latent.map((x) => x / 2));
 * const cached = cachedOutput(model, '#..#', { order: 1 });
 * for (let step = 0; step < 4; step++) await cached(Float32Array.of(1, 2, 3, 4), step);
 * console.log(calls); // 2
 * ```
 */
export type Denoiser = (latent: Float32Array, step: number) => Promise<Float32Array>;
