import type { DiffusionOptions, DiffusionSteps, SamplerDefaults } from './diffusion.ts';
import { BETA_SCHEDULES, type ForwardProcess } from './forward-process.ts';
import { MAX_SIDE } from './limits.ts';
import { PATHS, PREDICTION_KINDS, SAMPLER_NAMES, type Variance } from './samplers/settings.ts';
import type { TimestepRule } from './timesteps.ts';
import type { LatentShape } from './transformer.ts';
import { integerOf, listOf, nameOf, numberOf, objectOf, type Placed, refuse } from './untrusted/json-reader.ts';
import { checkOptions, type Fields } from './untrusted/options.ts';
import { shown } from './untrusted/printable.ts';

// That what is handed over is of the right kind. Whether it makes sense is for whoever uses it to say.

const TIMESTEP_RULES = [
  'original',
  'original-ddim',
  'leading',
  'trailing',
  'linspace',
] as const satisfies readonly TimestepRule[];
const VARIANCES = ['learned-range', 'fixed-small', 'fixed-large'] as const satisfies readonly Variance[];
const CLIP_NOISES = ['derived', 'predicted'] as const;

/** Of a model's `defaults`, which are such options, the channels that guidance acts on are passed over. */
const DIFFUSION_FIELDS: Fields<DiffusionOptions & { readonly guidanceChannels: number }> = {
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

/** Refuses options of `diffusionSteps` that are of the wrong kind, or that nobody reads. */
export function checkDiffusionOptions(options: DiffusionOptions): void {
  checkOptions('diffusionSteps', options as DiffusionOptions & { readonly guidanceChannels: number }, DIFFUSION_FIELDS);
  checkProcess(options);
  checkDefaults(options, '');
  checkBoolean(options.setAlphaToOne, 'setAlphaToOne');
}

/** Refuses a forward process whose parts are of the wrong kind. */
export function checkProcess(process: ForwardProcess): void {
  objectOf({ value: process, place: 'process', code: 'invalid-input' });
  for (const key of ['trainTimesteps', 'betaStart', 'betaEnd'] as const)
    if (process[key] !== undefined) checkNumber(process[key], key);
  if (process.betaSchedule !== undefined)
    nameOf({ value: process.betaSchedule, place: 'betaSchedule', code: 'invalid-input' }, BETA_SCHEDULES);
  if (process.trainedBetas !== undefined) checkNumbers(process.trainedBetas, 'trainedBetas');
  checkBoolean(process.zeroTerminalSnr, 'zeroTerminalSnr');
}

/** Refuses a rule that there is not, and numbers that are none. */
export function checkTimestepRule(
  count: unknown,
  rule: unknown,
  { trainTimesteps, stepsOffset }: { readonly trainTimesteps: unknown; readonly stepsOffset: unknown },
): void {
  nameOf({ value: rule, place: 'rule', code: 'invalid-input' }, TIMESTEP_RULES);
  for (const [place, value] of Object.entries({ count, trainTimesteps, stepsOffset })) checkNumber(value, place);
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
}

/** Refuses what is no level of a path. */
export function checkLevel({ value, place, code }: Placed): void {
  const { signal, noise, velocity } = objectOf({ value, place, code });
  numberOf({ value: signal, place: `${place}.signal`, code }, 0, 1);
  numberOf({ value: noise, place: `${place}.noise`, code }, 0, 1);
  for (const part of listOf({ value: velocity, place: `${place}.velocity`, code })) numberOf(part, -1, 1);
}

/** Refuses what are no time values of a model. */
export function checkTimesteps(timesteps: unknown, place: string): void {
  for (const timestep of listOf({ value: timesteps, place, code: 'invalid-input' }))
    numberOf(timestep, -Infinity, Infinity);
}

/** Refuses what says nothing about the images of a model. */
export function checkShape(shape: LatentShape): void {
  const members = objectOf({ value: shape, place: 'shape', code: 'invalid-input' });
  for (const key of ['channels', 'outChannels', 'height', 'width'])
    integerOf({ value: members[key], place: `shape.${key}`, code: 'invalid-input' }, 1, 2 * MAX_SIDE);
}

/** Refuses what is no array of float32 numbers. */
export function checkFloats(values: unknown, place: string, shape = '[images, channels, height, width]'): void {
  if (Object.prototype.toString.call(values) !== '[object Float32Array]') {
    refuse(place, `${shown(values)} is no Float32Array; pass one of ${shape}`, 'invalid-input');
  }
}

/** Refuses what is not even a number. */
export function checkNumber(value: unknown, place: string): void {
  if (typeof value !== 'number') refuse(place, `${shown(value)} is not a number`, 'invalid-input');
}

/** Refuses a clip whose parts are of the wrong kind. */
export function checkClip(clip: SamplerDefaults['clip'], place: string): void {
  if (clip === undefined) return;
  objectOf({ value: clip, place, code: 'invalid-input' });
  if ('quantile' in clip) {
    checkOptions(place, clip, { quantile: true, most: true, noise: true });
    for (const key of ['quantile', 'most'] as const) checkNumber(clip[key], `${place}.${key}`);
  } else {
    checkOptions(place, clip, { range: true, noise: true });
    checkNumber(clip.range, `${place}.range`);
  }
  if (clip.noise !== undefined)
    nameOf({ value: clip.noise, place: `${place}.noise`, code: 'invalid-input' }, CLIP_NOISES);
}

/** Refuses a variance that there is not. */
export function checkVarianceName(variance: unknown, place: string): void {
  if (variance !== undefined) nameOf({ value: variance, place, code: 'invalid-input' }, VARIANCES);
}

function checkDefaults({ sampler, clip, variance, prediction }: SamplerDefaults, prefix: string): void {
  if (prediction !== undefined) {
    nameOf({ value: prediction, place: `${prefix}prediction`, code: 'invalid-input' }, PREDICTION_KINDS);
  }
  if (sampler !== undefined)
    nameOf({ value: sampler, place: `${prefix}sampler`, code: 'invalid-input' }, SAMPLER_NAMES);
  checkClip(clip, `${prefix}clip`);
  checkVarianceName(variance, `${prefix}variance`);
}

function checkNumbers(values: unknown, place: string): void {
  for (const { value, place: at } of listOf({ value: values, place, code: 'invalid-input' })) checkNumber(value, at);
}

function checkBoolean(value: unknown, place: string): void {
  if (value !== undefined && typeof value !== 'boolean')
    refuse(place, `${shown(value)} is neither true nor false`, 'invalid-input');
}
