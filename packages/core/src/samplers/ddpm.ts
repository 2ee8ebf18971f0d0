import type { Denoiser } from '../denoiser.ts';
import type { DiffusionSteps } from '../diffusion.ts';
import { ProCacheError } from '../errors.ts';
import { checkVarianceName } from '../process-check.ts';
import type { LatentShape } from '../transformer.ts';
import { checkOptions } from '../untrusted/options.ts';
import { checkLatent, checkSampling, clamping, noiseFor, type NoiseSource, type SampleOptions, splitOutput, type Variance } from './sampling.ts';

export interface DdpmOptions extends SampleOptions {
  readonly noise: NoiseSource;
  /** By default what the steps say, else what the model was made for: `"learned-range"` where it has channels for it, else `"fixed-large"`. */
  readonly variance?: Variance | undefined;
}

/**
 * Ancestral sampling of DDPM (Ho et al., 2020, Algorithm 2), as `p_sample` of Improved DDPM and DiT writes it.
 *
 * Returns the clean latent, and only reads the one it is given, [images, channels, height, width].
 * The arithmetic is float64 per element, rounded to float32 once per step. Each step leads to the next one's timestep;
 * no noise is added at timestep 0, where most rules end (diffusers' `"trailing"` ends above it).
 *
 * @throws {ProCacheError} `invalid-input` for a learned variance that the model lacks, or sizes that do not fit.
 */
export async function sampleDdpm(denoise: Denoiser, latent: Float32Array, steps: DiffusionSteps, options: DdpmOptions): Promise<Float32Array> {
  checkOptions('sampleDdpm', options, { shape: true, noise: true, variance: true, clip: true, onStep: true });
  checkSampling(latent, steps, options);
  checkVarianceName(options.variance, 'variance');
  const { shape, noise: source, clip = steps.clip, onStep } = options;
  const clamp = clamping(clip);
  const variance = options.variance ?? steps.variance ?? (shape.outChannels === 2 * shape.channels ? 'learned-range' : 'fixed-large');
  checkLatent(latent, shape);
  checkVariance(variance, shape);
  let x = latent;
  for (let step = 0; step < steps.count; step++) {
    const predicted = splitOutput(await denoise(x, step), x.length, shape);
    const posterior = posteriorOf(steps, step);
    const injected = steps.timesteps[step]! > 0 ? noiseFor(step, x, source) : undefined;
    const { recip, recipMinusOne, imageWeight, latentWeight } = posterior;

    x = x.map((value, i) => {
      const clean = clamp(recip * value - recipMinusOne * predicted.noise[i]!);
      const mean = imageWeight * clean + latentWeight * value; // Eq. 7
      if (!injected) return mean;
      return mean + Math.exp(0.5 * logVariance(variance, posterior, predicted.variance?.[i])) * injected[i]!;
    });
    await onStep?.({ step, latent: x });
  }
  return x;
}

interface Posterior {
  readonly recip: number;
  readonly recipMinusOne: number;
  /** What the mean takes of the predicted clean image, and of the latent. */
  readonly imageWeight: number;
  readonly latentWeight: number;
  /** Logarithms of the variances, the posterior's being the lower one. */
  readonly logBeta: number;
  readonly logSmall: number;
}

/** The variance of the last step, which leads to the clean image itself, has no logarithm: diffusers takes this for it. */
const LEAST_VARIANCE = 1e-20;

/** The distribution of the latent before, given this latent and the clean image (Ho et al., Eqs. 6-7), for the respaced beta. */
function posteriorOf(steps: DiffusionSteps, step: number): Posterior {
  const [alpha, previous] = [steps.alphas[step]!, steps.alphas[step + 1] ?? 1];
  const beta = 1 - alpha / previous;
  return {
    recip: Math.sqrt(1 / alpha),
    recipMinusOne: Math.sqrt(1 / alpha - 1),
    imageWeight: (beta * Math.sqrt(previous)) / (1 - alpha),
    latentWeight: ((1 - previous) * Math.sqrt(1 - beta)) / (1 - alpha),
    logBeta: Math.log(beta),
    logSmall: Math.log(Math.max((beta * (1 - previous)) / (1 - alpha), LEAST_VARIANCE)),
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
    `a learned variance takes ${2 * channels} output channels, ${channels} of noise and ${channels} of variance, but the model has ${outChannels}; ` +
      `use the variance "fixed-large" or "fixed-small"`,
  );
}
