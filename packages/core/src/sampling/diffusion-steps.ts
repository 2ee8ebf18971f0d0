import { integerOf, listOf, nameOf, numberOf, objectOf, refuse } from '../untrusted/json-reader.ts';
import { checkLevel, type Level } from './level.ts';
import { checkClip, type Clip } from './samplers/clip.ts';
import {
  checkVariance,
  type Path,
  PATHS,
  PREDICTION_KINDS,
  type PredictionKind,
  SAMPLER_NAMES,
  type SamplerName,
  type SdeSettings,
  type Variance,
} from './samplers/settings.ts';
import { checkLcm, checkSolver, type LcmSettings, type SolverSettings } from './solver-settings.ts';

/** How a sampler is to be used, where whoever made the model has a say in it. Its own options go before these. */
export interface SamplerDefaults {
  /** The sampler of `generate`. */
  readonly sampler?: SamplerName | undefined;
  /** How the predicted clean image is kept within a range. */
  readonly clip?: Clip | undefined;
  /** Of DDPM. */
  readonly variance?: Variance | undefined;
  /** Of `dpm++` and `unipc`, and of `euler` by betas. */
  readonly solver?: SolverSettings | undefined;
  /** Of `lcm`. */
  readonly lcm?: LcmSettings | undefined;
  /** What the model's output is; `"epsilon"` unless given, and on a straight path `"velocity"`. */
  readonly prediction?: PredictionKind | undefined;
}

/**
 * The steps of one generation, in the order in which they are taken: step 0 is the noisiest. A step is an evaluation of
 * the model, for which a schedule has a letter; some samplers take several for an update.
 */
export interface DiffusionSteps extends SamplerDefaults {
  readonly count: number;
  /** The path that they go along; `"diffusion"` unless given. Steps along a straight one are those of one sampler. */
  readonly path?: Path | undefined;
  /** The model's own time value at each step. */
  readonly timesteps: readonly number[];
  /** What the latent is made of at each step. */
  readonly levels: readonly Level[];
  /**
   * What the latent that each step leads to is made of; a step of DDPM leads to the level of the next one, and the last
   * to the clean image.
   */
  readonly next: readonly Level[];
  /** Of Euler-Maruyama. */
  readonly sde?: SdeSettings | undefined;
  /** Of `dpm++` and `unipc`: the order of each step, 1 or 2; as many as there is history for unless given. */
  readonly orders?: readonly number[] | undefined;
  /** What the noise that the images begin with is multiplied by, where it is not quite 1. */
  readonly begin?: number | undefined;
}

/** Refuses what are no steps of a sampler: `diffusionSteps` makes them. */
export function checkSteps(steps: DiffusionSteps): void {
  const members = objectOf({ value: steps, place: 'steps', code: 'invalid-input' });
  const count = integerOf({ value: members['count'], place: 'steps.count', code: 'invalid-input' }, 1);
  checkTimesteps(members['timesteps'], 'steps.timesteps');
  for (const key of ['timesteps', 'levels', 'next'] as const) {
    const each = listOf({ value: members[key], place: `steps.${key}`, code: 'invalid-input' });
    if (each.length !== count) {
      const problem = `has ${each.length} entries for ${count} steps; make steps with diffusionSteps`;
      refuse(`steps.${key}`, problem, 'invalid-input');
    }
    if (key !== 'timesteps') each.forEach(checkLevel);
  }
  if (members['path'] !== undefined)
    nameOf({ value: members['path'], place: 'steps.path', code: 'invalid-input' }, PATHS);
  checkDefaults(steps, 'steps.');
  checkOrders(members['orders'], count);
  if (members['begin'] !== undefined)
    numberOf({ value: members['begin'], place: 'steps.begin', code: 'invalid-input' }, 0, 1);
}

function checkOrders(orders: unknown, count: number): void {
  if (orders === undefined) return;
  const each = listOf({ value: orders, place: 'steps.orders', code: 'invalid-input' });
  if (each.length !== count)
    refuse(
      'steps.orders',
      `has ${each.length} entries for ${count} steps; make steps with diffusionSteps`,
      'invalid-input',
    );
  each.forEach((order, step) => integerOf(order, 1, Math.min(step + 1, 2)));
}

/** Refuses what are no time values of a model. */
export function checkTimesteps(timesteps: unknown, place: string): void {
  for (const timestep of listOf({ value: timesteps, place, code: 'invalid-input' }))
    numberOf(timestep, -Infinity, Infinity);
}

/** Refuses defaults that there are not. */
export function checkDefaults(
  { sampler, clip, variance, prediction, solver, lcm }: SamplerDefaults,
  prefix: string,
): void {
  checkSolver(solver, `${prefix}solver`);
  checkLcm(lcm, `${prefix}lcm`);
  if (prediction !== undefined) {
    nameOf({ value: prediction, place: `${prefix}prediction`, code: 'invalid-input' }, PREDICTION_KINDS);
  }
  if (sampler !== undefined)
    nameOf({ value: sampler, place: `${prefix}sampler`, code: 'invalid-input' }, SAMPLER_NAMES);
  checkClip(clip, `${prefix}clip`);
  checkVariance(variance, `${prefix}variance`);
}
