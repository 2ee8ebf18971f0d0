import { ProCacheError } from '../../errors.ts';
import { noiseFor, type SamplerFactory } from './sampler.ts';

/**
 * DDIM (Song et al., 2021, Eqs. 12 and 16): the predicted image and the predicted noise, mixed as the next level asks.
 *
 * Without noise (`eta` 0) it knows of no path in particular: on a straight one it is Euler's method.
 *
 * @throws {ProCacheError} `invalid-input` for an eta outside 0 to 1, or one above 0 without noise.
 */
export const ddim: SamplerFactory = (steps, { eta = 0, noise: source }) => {
  if (!(eta >= 0 && eta <= 1))
    throw new ProCacheError(
      'invalid-input',
      `eta is ${eta}; it is 0 for deterministic sampling, and 1 for as much noise as DDPM`,
    );
  if (eta > 0 && !source) {
    throw new ProCacheError(
      'invalid-input',
      `eta is ${eta}, and that injects noise at each step; pass a noise source, or an eta of 0`,
    );
  }
  return (x, { clean, noise }, step) => {
    const [at, next] = [steps.levels[step]!, steps.next[step]!];
    // Eq. 16; 0 at the last step
    const sigma = eta === 0 ? 0 : (eta * next.noise * Math.sqrt(1 - (at.signal / next.signal) ** 2)) / at.noise;
    const injected = sigma > 0 ? noiseFor(step, x, source) : undefined;
    const [toImage, toNoise] = [next.signal, sigma === 0 ? next.noise : Math.sqrt(next.noise ** 2 - sigma ** 2)];
    return x.map((_, i) => toImage * clean[i]! + toNoise * noise[i]! + sigma * (injected?.[i] ?? 0)); // Eq. 12
  };
};
