import { ProCacheError } from '../errors.ts';
import { nameOf, refuse } from '../untrusted/json-reader.ts';
import { checkSwitch } from '../untrusted/numbers.ts';
import { checkOptions, type Fields } from '../untrusted/options.ts';
import { shownName } from '../untrusted/printable.ts';
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
import { betasRules, rulesOf } from './rules.ts';
import { USUAL_LCM } from './solver-settings.ts';
import { isSolver, solverSteps } from './solver-steps.ts';
import { STRAIGHT_RULES, type StraightRule, straightSteps } from './straight-steps.ts';
import { timestepsOf, type TimestepRule } from './timesteps.ts';

/** The steps that DiT's sampling script and diffusers' pipelines take by default. */
export const USUAL_STEPS = 50;

export interface DiffusionOptions extends ForwardProcess, SamplerDefaults {
  /** The path that the model was trained on; `"diffusion"` unless given. */
  readonly path?: Path | undefined;
  /**
   * Which steps are taken: one of the rules of the sampler (`rulesOf`), by default the first. Of a path by betas it
   * picks training timesteps, `"original"`, as DiT does, unless a solver is chosen. Of a straight one it is
   * `"linspace"`, the default of `"flow"`, or `"uniform"`, that of `"sit"`.
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

/** Of a model's `defaults`, which are such options, what is said of guidance and of how many steps is passed over. */
interface PassedOver {
  readonly guidanceChannels: number;
  readonly steps: number;
  readonly guidance: number;
}

const FIELDS: Fields<DiffusionOptions & PassedOver> = {
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
  solver: true,
  lcm: true,
  guidanceChannels: true,
  steps: true,
  guidance: true,
};

/** Refuses options that are of the wrong kind, or that nobody reads. */
function checkDiffusionOptions(options: DiffusionOptions): void {
  checkOptions('diffusionSteps', options as DiffusionOptions & PassedOver, FIELDS);
  checkProcess(options);
  checkDefaults(options, '');
  checkSwitch(options.setAlphaToOne, 'setAlphaToOne');
}

function stepsOfPath(count: number, path: StraightPath, options: DiffusionOptions): DiffusionSteps {
  const { sampler = 'euler', prediction = 'velocity', rule = rulesOf(path, sampler)[0] } = options;
  const { trainTimesteps = 1000, shift = 1, sde, clip, solver } = options;
  const known = STRAIGHT_RULES.find((name) => name === rule);
  if (known === undefined) {
    if (typeof rule !== 'string') nameOf({ value: rule, place: 'rule', code: 'invalid-input' }, STRAIGHT_RULES);
    const problem = `${shownName(rule)} picks timesteps of a diffusion by betas, and the path is straight`;
    refuse('rule', `${problem}; use ${STRAIGHT_RULES.join(' or ')}`, 'invalid-input');
  }
  if (sde !== undefined) checkSde(sde);
  if (sde !== undefined && sampler !== 'euler-maruyama') {
    refuse('sde', `it belongs to the sampler euler-maruyama, and not to ${sampler}; leave it out`, 'invalid-input');
  }
  checkPrediction(prediction, sampler);
  const steps = straightSteps(count, { path, rule: known, sampler, trainTimesteps, shift, sde, solver });
  return { count, path, ...steps, sampler, prediction, ...given({ clip, sde, solver }) };
}

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
  const { sampler = 'ddim', clip, variance, prediction, solver, lcm } = options;
  const rule = ruleByBetas(sampler, options);
  const { trainTimesteps = 1000, stepsOffset = 0 } = options;
  const defaults = given({ sampler: options.sampler, clip, variance, prediction, solver, lcm });
  if (!isSolver(sampler)) return { count, ...alphaSteps(count, rule, options), ...defaults };
  const chosen = { sampler, rule, trainTimesteps, stepsOffset, solver: solver ?? {} };
  return { count, ...solverSteps(count, options, chosen), ...defaults };
}

/** The steps of samplers that have whole timesteps, and take ᾱ as it is there. */
function alphaSteps(count: number, rule: TimestepRule, options: DiffusionOptions): PathSteps {
  const { trainTimesteps = 1000, stepsOffset = 0, setAlphaToOne = true, prediction, lcm = {} } = options;
  const { originalSteps = USUAL_LCM.originalSteps } = lcm;
  const alphaAt = cumulativeAlphas(options);
  const timesteps = timestepsOf(count, rule, { trainTimesteps, stepsOffset, originalSteps });
  const alphas = timesteps.map((timestep) => alphaAt[timestep]!);
  if (prediction === undefined || prediction === 'epsilon') checkSignal(timesteps, alphas);
  const stride = Math.floor(trainTimesteps / count);
  const last = setAlphaToOne ? 1 : alphaAt[0]!;
  const previous = previousAlphas(alphas, timesteps, { alphaAt, rule, stride, last });
  return { timesteps, levels: alphas.map(levelOfAlpha), next: previous.map(levelOfAlpha) };
}

type PathSteps = Pick<DiffusionSteps, 'timesteps' | 'levels' | 'next'>;

/** The rule; refuses it, and settings, that belong to a straight path or to another sampler. */
function ruleByBetas(sampler: SamplerName, { rule, sde, shift = 1 }: DiffusionOptions): TimestepRule {
  const odd = sde !== undefined ? 'sde' : shift !== 1 ? 'shift' : undefined;
  if (odd) refuse(odd, 'it belongs to straight paths (flow matching, SiT); leave it out', 'invalid-input');
  const rules = betasRules(sampler);
  if (rule === undefined) return rules[0];
  const found = rules.find((name) => name === rule);
  if (found !== undefined) return found;
  if (typeof rule !== 'string') nameOf({ value: rule, place: 'rule', code: 'invalid-input' }, rules);
  const problem =
    rule === 'uniform'
      ? 'uniform belongs to straight paths (flow matching, SiT), and the path is that of a diffusion by betas'
      : `${shownName(rule)} does not pick timesteps for the sampler ${sampler}`;
  return refuse('rule', `${problem}; use ${inWords(rules)}`, 'invalid-input');
}

function inWords(names: readonly string[]): string {
  return names.length === 1 ? names[0]! : `${names.slice(0, -1).join(', ')} or ${names.at(-1)!}`;
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
  if (rule === 'original' || rule === 'original-ddim' || rule === 'distilled') return [...alphas.slice(1), 1];
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
