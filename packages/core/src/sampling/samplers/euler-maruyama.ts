import { ProCacheError } from '../../errors.ts';
import type { Level } from '../level.ts';
import { noiseFor, type SamplerFactory } from './sampler.ts';
import { checkSde, type DiffusionForm } from './settings.ts';

/**
 * Euler-Maruyama along a straight path (SiT, Ma et al., 2024; `sde` in its code): each update follows the velocity and,
 * as far as the diffusion coefficient w says, the score, and adds noise of the variance 2 w in its stride.
 *
 * The score is the noise that the model sees, over its share and with the other sign. SiT's code evaluates the model
 * once for the velocity and once more for the score; both are in one evaluation.
 *
 * @throws {ProCacheError} `invalid-input` for settings that there are not, and without a noise source.
 */
export const eulerMaruyama: SamplerFactory = ({ count, levels, next, sde = {} }, { noise: source }) => {
  checkSde(sde);
  if (!source) {
    throw new ProCacheError(
      'invalid-input',
      'euler-maruyama injects noise at each step; pass a noise source, or take the sampler euler',
    );
  }
  const { form = 'sigma', norm = 1, lastStep = 'mean' } = sde;
  const last = lastStep === 'none' ? undefined : count - 1;
  return (x, { clean, noise }, step) => {
    if (step === last && lastStep !== 'mean') return Float32Array.from(clean); // the velocity leads there too
    const at = levels[step]!;
    const stride = next[step]!.signal - at.signal;
    const diffusion = diffusionAt(at, form, norm);
    const toNoise = 1 + diffusion / at.noise;
    const drifted = (value: number, i: number) => value + stride * (clean[i]! - toNoise * noise[i]!);
    if (step === last) return x.map(drifted);
    const injected = noiseFor(step, x, source);
    const spread = Math.sqrt(2 * diffusion * stride);
    return x.map((value, i) => drifted(value, i) + spread * injected[i]!);
  };
};

/** The diffusion coefficient w, which no model has a say in. */
function diffusionAt({ signal, noise }: Level, form: DiffusionForm, norm: number): number {
  switch (form) {
    case 'sigma':
    case 'linear':
      return norm * noise;
    case 'decreasing':
      return (norm * Math.cos(Math.PI * signal) + 1) ** 2 / 4;
  }
}
