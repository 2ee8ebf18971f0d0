import { ProCacheError } from '../errors.ts';
import { nameOf, refuse } from '../untrusted/json-reader.ts';
import { checkSwitch } from '../untrusted/numbers.ts';
import { checkOptions, type Fields } from '../untrusted/options.ts';
import { checkDefaults, type DiffusionSteps, type SamplerDefaults } from './diffusion-steps.ts';
import { checkProcess, cumulativeAlphas, type ForwardProcess } from './forward-process.ts';
import { levelOfAlpha } from './level.ts';
import type { PredictionKind } from './samplers/settings.ts';
import {
  checkSamplerOf,
  checkSde,
  type Path,
  PATHS,
  type SamplerName,
  type SdeSettings,
  type StraightPath,
} from './samplers/settings.ts';
import { STRAIGHT_RULES, type StraightRule, straightSteps } from './straight-steps.ts';
import { timestepsOf, type TimestepRule } from './timesteps.ts';

/** The steps that DiT's sampling script and diffusers' pipelines take by default. */
export const USUAL_STEPS = 50;

export interface DiffusionOptions extends ForwardProcess, SamplerDefaults {
  /** The path that the model was trained on; `"diffusion"` unless given. */
  readonly path?: Path | undefined;
  /**
   * Which steps are taken. Of a path by betas it picks training timesteps, by default `"original"`, as DiT does. Of a
   * straight one it is `"linspace"`, the default of `"flow"`, or `"uniform"`, that of `"sit"`.
   */
  readonly rule?: TimestepRule | StraightRule | undefined;
  /** Added to each timestep of the rule `"leading"`. */
  readonly stepsOffset?: number | undefined;
  /**
   * Whether DDIM's last step under diffusers' rules leads to ᾱ = 1 (the default) rather than to the ᾱ of timestep 0.
   */
  readonly setAlphaToOne?: boolean | undefined;
  /** Of a straight path: above 1 there are more steps where there is much noise (Esser et al., 2024, Eq. 23). */
  readonly shift?: number | undefined;
  /** Of Euler-Maruyama. */
  readonly sde?: SdeSettings | undefined;
}

/**
 * The steps that a sampler takes along a path.
 *
 * With the original rules each step leads to the next one, and the last to ᾱ = 1. These are the
 * numbers of `SpacedDiffusion` (Improved DDPM): the betas that it recomputes for the timesteps kept
 * multiply up to the same ᾱ. With diffusers' rules a step leads to `timestep - floor(train / count)`,
 * as there: under `"linspace"` that is not quite the timestep of the next step, and `"trailing"` ends
 * on a trace of noise where `count` does not divide the training timesteps.
 *
 * Along a straight path there is a step for each evaluation that the sampler takes: SiT's 50 grid points are 49 steps
 * of `"euler"`, 98 of `"heun"`, and 50 of `"euler-maruyama"`, or 49 without a last step.
 *
 * A model's `defaults` are such options: `diffusionSteps(50, model.defaults)` steps as the model's own code does.
 *
 * @throws {ProCacheError} `invalid-input` where there are not that many steps, and for options of another path.
 */
export function diffusionSteps(count: number, options: DiffusionOptions = {}): DiffusionSteps {
  checkDiffusionOptions(options);
  const { path = 'diffusion', sampler } = options;
  nameOf({ value: path, place: 'path', code: 'invalid-input' }, PATHS);
  if (sampler !== undefined) checkSamplerOf(path, sampler);
  return path === 'diffusion' ? stepsByBetas(count, options) : stepsOfPath(count, path, options);
}

/** Of a model's `defaults`, which are such options, the channels that guidance acts on are passed over. */
const FIELDS: Fields<DiffusionOptions & { readonly guidanceChannels: number }> = {
  trainTimesteps: true,
  betaSchedule: true,
  betaStart: true,
  betaEnd: true,
  trainedBetas: true,
  zeroTerminalSnr: true,
  sampler: true,
  clip: true,
  variance: true,
  rule: true,
  stepsOffset: true,
  setAlphaToOne: true,
  prediction: true,
  path: true,
  shift: true,
  sde: true,
  guidanceChannels: true,
};

/** Refuses options that are of the wrong kind, or that nobody reads. */
function checkDiffusionOptions(options: DiffusionOptions): void {
  checkOptions('diffusionSteps', options as DiffusionOptions & { readonly guidanceChannels: number }, FIELDS);
  checkProcess(options);
  checkDefaults(options, '');
  checkSwitch(options.setAlphaToOne, 'setAlphaToOne');
}

function stepsOfPath(count: number, path: StraightPath, options: DiffusionOptions): DiffusionSteps {
  const { rule = USUAL_RULES[path], sampler = 'euler', prediction = 'velocity' } = options;
  const { trainTimesteps = 1000, shift = 1, sde, clip } = options;
  const known = STRAIGHT_RULES.find((name) => name === rule);
  if (known === undefined) {
    refuse(
      'rule',
      `${rule} picks timesteps of a diffusion by betas, and the path is straight; use ${STRAIGHT_RULES.join(' or ')}`,
      'invalid-input',
    );
  }
  if (sde !== undefined) checkSde(sde);
  if (sde !== undefined && sampler !== 'euler-maruyama') {
    refuse('sde', `it belongs to the sampler euler-maruyama, and not to ${sampler}; leave it out`, 'invalid-input');
  }
  checkPrediction(prediction, sampler);
  const steps = straightSteps(count, { path, rule: known, sampler, trainTimesteps, shift, sde });
  return { count, path, ...steps, sampler, prediction, ...given({ clip, sde }) };
}

/** The rule of the code that a convention comes from. */
const USUAL_RULES: Readonly<Record<StraightPath, StraightRule>> = { flow: 'linspace', sit: 'uniform' };

/** Refuses what says nothing of the image where a path begins, or nothing of the noise where Heun's method ends. */
function checkPrediction(prediction: PredictionKind, sampler: SamplerName): void {
  if (prediction === 'epsilon') {
    refuse(
      'prediction',
      'a straight path begins at nothing but noise, where a model that predicts noise says nothing of the image; ' +
        'models of such paths predict the velocity',
      'invalid-input',
    );
  }
  if (prediction === 'sample' && sampler === 'heun') {
    refuse(
      'prediction',
      'heun ends at a clean image, where a model that predicts the image says nothing of the noise; ' +
        'use the sampler euler',
      'invalid-input',
    );
  }
}

function stepsByBetas(count: number, options: DiffusionOptions): DiffusionSteps {
  const { trainTimesteps = 1000, stepsOffset = 0, setAlphaToOne = true } = options;
  const { sampler, clip, variance, prediction } = options;
  const rule = ruleByBetas(options);
  const alphaAt = cumulativeAlphas(options);
  const timesteps = timestepsOf(count, rule, { trainTimesteps, stepsOffset });
  const alphas = timesteps.map((timestep) => alphaAt[timestep]!);
  if (prediction === undefined || prediction === 'epsilon') checkSignal(timesteps, alphas);
  const stride = Math.floor(trainTimesteps / count);
  const last = setAlphaToOne ? 1 : alphaAt[0]!;
  const previous = previousAlphas(alphas, timesteps, { alphaAt, rule, stride, last });
  const defaults = given({ sampler, clip, variance, prediction });
  return { count, timesteps, levels: alphas.map(levelOfAlpha), next: previous.map(levelOfAlpha), ...defaults };
}

/** The rule; refuses it, and settings, that belong to a straight path. */
function ruleByBetas({ rule = 'original', sde, shift = 1 }: DiffusionOptions): TimestepRule {
  const odd = sde !== undefined ? 'sde' : shift !== 1 ? 'shift' : undefined;
  if (odd) refuse(odd, 'it belongs to straight paths (flow matching, SiT); leave it out', 'invalid-input');
  if (rule !== 'uniform') return rule;
  return refuse(
    'rule',
    'uniform belongs to straight paths (flow matching, SiT), and the path is that of a diffusion by betas; ' +
      'use original, original-ddim, leading, trailing or linspace',
    'invalid-input',
  );
}

/** The fields that say something. */
function given<Settings extends object>(settings: Settings): Settings {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined)) as Settings;
}

interface Leading {
  readonly alphaAt: readonly number[];
  readonly rule: TimestepRule;
  readonly stride: number;
  /** Where the last step of diffusers' rules leads. */
  readonly last: number;
}

/** ᾱ of the latent that each step of DDIM leads to. */
function previousAlphas(
  alphas: readonly number[],
  timesteps: readonly number[],
  { alphaAt, rule, stride, last }: Leading,
): readonly number[] {
  if (rule === 'original' || rule === 'original-ddim') return [...alphas.slice(1), 1];
  return timesteps.map((timestep) => alphaAt[timestep - stride] ?? last);
}

/** Refuses a step from nothing but noise: a model that predicts the noise tells nothing of the image there. */
function checkSignal(timesteps: readonly number[], alphas: readonly number[]): void {
  const blind = alphas.indexOf(0);
  if (blind < 0) return;
  throw new ProCacheError(
    'invalid-input',
    `at timestep ${timesteps[blind]!} nothing of the image is left (rescale_betas_zero_snr), where a model that ` +
      `predicts noise has nothing to say; ` +
      `use the rule "leading" and fewer steps, which do not begin there`,
  );
}
