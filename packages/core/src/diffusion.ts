import { ProCacheError } from './errors.ts';
import { timestepsOf, type TimestepRule } from './timesteps.ts';

/**
 * The forward process: how much of the image is left at each training timestep.
 *
 * The defaults are those of DDPM (Ho et al., 2020), which DiT and PixArt were trained with.
 */
export interface ForwardProcess {
  readonly trainTimesteps?: number;
  /** `"scaled_linear"` is linear in the square root of beta (latent diffusion). */
  readonly betaSchedule?: 'linear' | 'scaled_linear';
  readonly betaStart?: number;
  readonly betaEnd?: number;
}

export interface DiffusionOptions extends ForwardProcess {
  /** Which training timesteps are taken; by default `"original"`, as DiT does. */
  readonly rule?: TimestepRule;
  /** Added to each timestep of the rule `"leading"`. */
  readonly stepsOffset?: number;
  /** Whether the last step of diffusers' rules leads to ᾱ = 1 (the default) rather than to the ᾱ of timestep 0. */
  readonly setAlphaToOne?: boolean;
}

/** The steps of one generation, in the order in which they are taken: step 0 is the noisiest. */
export interface DiffusionSteps {
  readonly count: number;
  /** The model's own time value at each step. */
  readonly timesteps: readonly number[];
  /** ᾱ at each step: the share of the image in the variance of the latent. */
  readonly alphas: readonly number[];
  /** ᾱ of the latent that each step leads to. */
  readonly previousAlphas: readonly number[];
}

/**
 * The steps that a sampler takes through a forward process.
 *
 * With the original rules each step leads to the next one, and the last to ᾱ = 1. These are the
 * numbers of `SpacedDiffusion` (Improved DDPM): the betas that it recomputes for the timesteps kept
 * multiply up to the same ᾱ. With diffusers' rules a step leads to `timestep - floor(train / count)`,
 * as there: under `"linspace"` that is not quite the timestep of the next step, and `"trailing"` ends
 * on a trace of noise where `count` does not divide the training timesteps.
 *
 * @throws {ProCacheError} `invalid-input` where the training timesteps do not hold that many steps.
 */
export function diffusionSteps(count: number, options: DiffusionOptions = {}): DiffusionSteps {
  const { trainTimesteps = 1000, rule = 'original', stepsOffset = 0, setAlphaToOne = true } = options;
  const alphaAt = cumulativeAlphas(options);
  const timesteps = timestepsOf(count, rule, { trainTimesteps, stepsOffset });
  const alphas = timesteps.map((timestep) => alphaAt[timestep]!);
  if (rule === 'original' || rule === 'original-ddim') return { count, timesteps, alphas, previousAlphas: [...alphas.slice(1), 1] };
  const stride = Math.floor(trainTimesteps / count);
  const last = setAlphaToOne ? 1 : alphaAt[0]!;
  return { count, timesteps, alphas, previousAlphas: timesteps.map((timestep) => alphaAt[timestep - stride] ?? last) };
}

/** ᾱ at each training timestep: the running product of `1 - beta`, in float64. */
export function cumulativeAlphas(process: ForwardProcess = {}): readonly number[] {
  let alpha = 1;
  return betasOf(process).map((beta) => (alpha *= 1 - beta));
}

/** The variance that each training timestep adds. */
function betasOf({ trainTimesteps = 1000, betaSchedule = 'linear', betaStart = 1e-4, betaEnd = 0.02 }: ForwardProcess): readonly number[] {
  if (!Number.isInteger(trainTimesteps) || trainTimesteps < 2) {
    throw new ProCacheError('invalid-input', `a forward process has at least 2 training timesteps, not ${trainTimesteps}; most models have 1000`);
  }
  if (!(0 < betaStart && betaStart <= betaEnd && betaEnd < 1)) {
    throw new ProCacheError(
      'invalid-input',
      `betas from ${betaStart} to ${betaEnd} are no noise schedule; they rise within 0 and 1, most models' from 0.0001 to 0.02`,
    );
  }
  switch (betaSchedule) {
    case 'linear':
      return ramp(betaStart, betaEnd, trainTimesteps);
    case 'scaled_linear':
      return ramp(Math.sqrt(betaStart), Math.sqrt(betaEnd), trainTimesteps).map((root) => root * root);
  }
}

function ramp(first: number, last: number, count: number): readonly number[] {
  const stride = (last - first) / (count - 1);
  return Array.from({ length: count }, (_, i) => (i === count - 1 ? last : first + i * stride));
}
