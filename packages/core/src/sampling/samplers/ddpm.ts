import { ProCacheError } from '../../errors.ts';
import type { DiffusionSteps } from '../diffusion-steps.ts';
import type { LatentShape } from '../latent-shape.ts';
import { noiseFor, type SamplerFactory } from './sampler.ts';
import type { Variance } from './settings.ts';

/**
 * Ancestral sampling of DDPM (Ho et al., 2020, Algorithm 2), as `p_sample` of Improved DDPM and DiT writes it.
 *
 * Each step leads to the next one's timestep; no noise is added at timestep 0, where most rules end (diffusers'
 * `"trailing"` ends above it).
 *
 * @throws {ProCacheError} `invalid-input` for a learned variance that the model lacks.
 */
export const ddpm: SamplerFactory = (steps, { shape, noise: source, ...options }) => {
  const variance =
    options.variance ?? steps.variance ?? (shape.outChannels === 2 * shape.channels ? 'learned-range' : 'fixed-large');
  checkVariance(variance, shape);
  return (x, said, step) => {
    const posterior = posteriorOf(steps, step);
    const injected = steps.timesteps[step]! > 0 ? noiseFor(step, x, source) : undefined;
    const { imageWeight, latentWeight } = posterior;
    return x.map((value, i) => {
      const mean = imageWeight * said.clean[i]! + latentWeight * value; // Eq. 7
      if (!injected) return mean;
      return mean + Math.exp(0.5 * logVariance(variance, posterior, said.variance?.[i])) * injected[i]!;
    });
  };
};

interface Posterior {
  /** What the mean takes of the predicted clean image, and of the latent. */
  readonly imageWeight: number;
  readonly latentWeight: number;
  /** Logarithms of the variances, the posterior's being the lower one. */
  readonly logBeta: number;
  readonly logSmall: number;
}

/**
 * The variance of the last step, which leads to the clean image itself, has no logarithm: diffusers takes this for it.
 */
const LEAST_VARIANCE = 1e-20;

/**
 * The distribution of the latent before, given this latent and the clean image (Ho et al., Eqs. 6-7), for the respaced
 * beta.
 */
function posteriorOf({ levels }: DiffusionSteps, step: number): Posterior {
  const at = levels[step]!;
  const previous = levels[step + 1] ?? { signal: 1, noise: 0 };
  const beta = 1 - (at.signal / previous.signal) ** 2;
  return {
    imageWeight: (beta * previous.signal) / at.noise ** 2,
    latentWeight: (previous.noise ** 2 * Math.sqrt(1 - beta)) / at.noise ** 2,
    logBeta: Math.log(beta),
    logSmall: Math.log(Math.max((beta * previous.noise ** 2) / at.noise ** 2, LEAST_VARIANCE)),
  };
}

function logVariance(variance: Variance, { logBeta, logSmall }: Posterior, learned: number | undefined): number {
  switch (variance) {
    case 'learned-range': {
      const share = (learned! + 1) / 2; // -1 to 1 becomes 0 to 1
      return share * logBeta + (1 - share) * logSmall; // Nichol and Dhariwal, Eq. 15
    }
    case 'fixed-small':
      return logSmall;
    case 'fixed-large':
      return logBeta;
  }
}

function checkVariance(variance: Variance, { channels, outChannels }: LatentShape): void {
  if (variance !== 'learned-range' || outChannels === 2 * channels) return;
  throw new ProCacheError(
    'invalid-input',
    `a learned variance takes ${2 * channels} output channels, ${channels} of noise and ${channels} of ` +
      `variance, but the model has ${outChannels}; ` +
      `use the variance "fixed-large" or "fixed-small"`,
  );
}
