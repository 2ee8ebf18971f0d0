import { ProCacheError } from '../../errors.ts';
import { USUAL_LCM } from '../solver-settings.ts';
import { noiseFor, type SamplerFactory } from './sampler.ts';

/** The standard deviation of images in the boundary condition. */
const SIGMA_DATA = 0.5;

/**
 * Multistep sampling of latent consistency models (Luo et al., 2023, Algorithm 2), as diffusers' `LCMScheduler` writes
 * it: each step finds the clean image at once, and all but the last add noise to it again.
 *
 * Its models were distilled with guidance, so none is needed.
 *
 * @throws {ProCacheError} `invalid-input` without a noise source, where there is more than a step.
 */
export const lcm: SamplerFactory = ({ count, timesteps, next, lcm: settings = {} }, { noise: source }) => {
  const { timestepScaling = USUAL_LCM.timestepScaling } = settings;
  if (count > 1 && !source) {
    throw new ProCacheError('invalid-input', 'lcm injects noise at each step but the last; pass a noise source');
  }
  return (x, { clean }, step) => {
    const time = timesteps[step]! * timestepScaling;
    const norm = time ** 2 + SIGMA_DATA ** 2;
    const [ofLatent, ofClean] = [SIGMA_DATA ** 2 / norm, time / Math.sqrt(norm)]; // the boundary condition, Eq. 9
    const found = (value: number, i: number) => ofLatent * value + ofClean * clean[i]!;
    if (step === count - 1) return x.map(found);
    const to = next[step]!;
    const injected = noiseFor(step, x, source);
    return x.map((value, i) => to.signal * found(value, i) + to.noise * injected[i]!);
  };
};
