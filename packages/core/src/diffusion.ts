import { ProCacheError } from './errors.ts';
import { cumulativeAlphas, type ForwardProcess } from './forward-process.ts';
import { checkDiffusionOptions } from './process-check.ts';
import type { Clip, SamplerName, Variance } from './samplers/sampling.ts';
import { timestepsOf, type TimestepRule } from './timesteps.ts';

/** How a sampler is to be used, where whoever made the model has a say in it. Its own options go before these. */
export interface SamplerDefaults {
  /** The sampler of `generate`. */
  readonly sampler?: SamplerName | undefined;
  /** How the predicted clean image is kept within a range. */
  readonly clip?: Clip | undefined;
  /** Of DDPM. */
  readonly variance?: Variance | undefined;
}

export interface DiffusionOptions extends ForwardProcess, SamplerDefaults {
  /** Which training timesteps are taken; by default `"original"`, as DiT does. */
  readonly rule?: TimestepRule | undefined;
  /** Added to each timestep of the rule `"leading"`. */
  readonly stepsOffset?: number | undefined;
  /** Whether DDIM's last step under diffusers' rules leads to ᾱ = 1 (the default) rather than to the ᾱ of timestep 0. */
  readonly setAlphaToOne?: boolean | undefined;
}

/** The steps of one generation, in the order in which they are taken: step 0 is the noisiest. */
export interface DiffusionSteps extends SamplerDefaults {
  readonly count: number;
  /** The model's own time value at each step. */
  readonly timesteps: readonly number[];
  /** ᾱ at each step: the share of the image in the variance of the latent. */
  readonly alphas: readonly number[];
  /** ᾱ of the latent that each step of DDIM leads to; a step of DDPM leads to the next one's, and the last to 1. */
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
 * A model's `defaults` are such options: `diffusionSteps(50, model.defaults)` steps as the model's own code does.
 *
 * @throws {ProCacheError} `invalid-input` where the training timesteps do not hold that many steps.
 */
export function diffusionSteps(count: number, options: DiffusionOptions = {}): DiffusionSteps {
  checkDiffusionOptions(options);
  const { trainTimesteps = 1000, rule = 'original', stepsOffset = 0, setAlphaToOne = true, sampler, clip, variance } = options;
  const alphaAt = cumulativeAlphas(options);
  const timesteps = timestepsOf(count, rule, { trainTimesteps, stepsOffset });
  const alphas = timesteps.map((timestep) => alphaAt[timestep]!);
  checkSignal(timesteps, alphas);
  const common = { count, timesteps, alphas, ...(sampler && { sampler }), ...(clip && { clip }), ...(variance && { variance }) };
  if (rule === 'original' || rule === 'original-ddim') return { ...common, previousAlphas: [...alphas.slice(1), 1] };
  const stride = Math.floor(trainTimesteps / count);
  const last = setAlphaToOne ? 1 : alphaAt[0]!;
  return { ...common, previousAlphas: timesteps.map((timestep) => alphaAt[timestep - stride] ?? last) };
}

/** Refuses a step from nothing but noise: a model that predicts the noise tells nothing of the image there. */
function checkSignal(timesteps: readonly number[], alphas: readonly number[]): void {
  const blind = alphas.indexOf(0);
  if (blind < 0) return;
  throw new ProCacheError(
    'invalid-input',
    `at timestep ${timesteps[blind]!} nothing of the image is left (rescale_betas_zero_snr), where a model that predicts noise has nothing to say; ` +
      `use the rule "leading" and fewer steps, which do not begin there`,
  );
}
