import type { Denoiser } from '../denoiser.ts';
import type { DiffusionSteps } from '../diffusion.ts';
import { ProCacheError } from '../errors.ts';
import { checkLatent, noiseFor, type NoiseSource, type SampleOptions, splitOutput } from './sampling.ts';

/**
 * The variance of a step of DDPM.
 *
 * - `"learned-range"`: the model says where it lies between the two below (Nichol and Dhariwal, 2021, Eq. 15).
 * - `"fixed-small"`: that of the posterior, the lower bound.
 * - `"fixed-large"`: beta, the upper bound.
 */
export type Variance = 'learned-range' | 'fixed-small' | 'fixed-large';

export interface DdpmOptions extends SampleOptions {
  readonly noise: NoiseSource;
  /** By default what the model was made for: `"learned-range"` where it has channels for it, else `"fixed-large"`. */
  readonly variance?: Variance | undefined;
  /** Clamps the predicted clean image to [-clip, clip]; off by default, as latents have no such range. */
  readonly clip?: number | undefined;
}

/**
 * Ancestral sampling of DDPM (Ho et al., 2020, Algorithm 2), as `p_sample` of Improved DDPM and DiT writes it.
 *
 * Returns the clean latent, and only reads the one it is given, [images, channels, height, width].
 * The arithmetic is float64 per element, rounded to float32 once per step. The last step adds no noise.
 *
 * @throws {ProCacheError} `invalid-input` for a learned variance that the model lacks, or sizes that do not fit.
 */
export async function sampleDdpm(denoise: Denoiser, latent: Float32Array, steps: DiffusionSteps, options: DdpmOptions): Promise<Float32Array> {
  const { shape, noise: source, clip = Infinity, onStep } = options;
  const variance = options.variance ?? (shape.outChannels === 2 * shape.channels ? 'learned-range' : 'fixed-large');
  checkLatent(latent, shape);
  checkVariance(variance, options);
  let x = latent;
  for (let step = 0; step < steps.count; step++) {
    const predicted = splitOutput(await denoise(x, step), x.length, shape);
    const posterior = posteriorOf(steps, step);
    const injected = step < steps.count - 1 ? noiseFor(step, x, source) : undefined;
    const { recip, recipMinusOne, imageWeight, latentWeight } = posterior;

    x = x.map((value, i) => {
      const clean = Math.min(Math.max(recip * value - recipMinusOne * predicted.noise[i]!, -clip), clip);
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

/** The distribution of the latent before, given this latent and the clean image (Ho et al., Eqs. 6-7), for the respaced beta. */
function posteriorOf(steps: DiffusionSteps, step: number): Posterior {
  const [alpha, previous] = [steps.alphas[step]!, steps.previousAlphas[step]!];
  const beta = 1 - alpha / previous;
  return {
    recip: Math.sqrt(1 / alpha),
    recipMinusOne: Math.sqrt(1 / alpha - 1),
    imageWeight: (beta * Math.sqrt(previous)) / (1 - alpha),
    latentWeight: ((1 - previous) * Math.sqrt(1 - beta)) / (1 - alpha),
    logBeta: Math.log(beta),
    logSmall: Math.log((beta * (1 - previous)) / (1 - alpha)),
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

function checkVariance(variance: Variance, { shape: { channels, outChannels } }: DdpmOptions): void {
  if (variance !== 'learned-range' || outChannels === 2 * channels) return;
  throw new ProCacheError(
    'invalid-input',
    `a learned variance takes ${2 * channels} output channels, ${channels} of noise and ${channels} of variance, but the model has ${outChannels}; ` +
      `use the variance "fixed-large" or "fixed-small"`,
  );
}
