import { ProCacheError } from '../errors.ts';
import { nameOf } from '../untrusted/json-reader.ts';
import { checkNumber } from '../untrusted/numbers.ts';
import { checkOptions } from '../untrusted/options.ts';
import { USUAL_LCM } from './solver-settings.ts';

/**
 * How training timesteps are picked, by the name under which users know it.
 *
 * - `"original"`: DiT's and PixArt's `space_timesteps(train, "50")`, even strides from 0 to the last timestep.
 * - `"original-ddim"`: their `"ddim50"`, one integer stride from 0.
 * - `"leading"`, `"trailing"`, `"linspace"`: `timestep_spacing` of diffusers' schedulers.
 * - `"time-uniform"`: as PixArt's own DPM-Solver does, even strides down from the last timestep, none of them rounded.
 * - `"distilled"`: as diffusers' LCM does, some of the timesteps that the model was distilled with.
 */
export const TIMESTEP_RULES = [
  'original',
  'original-ddim',
  'leading',
  'trailing',
  'linspace',
  'time-uniform',
  'distilled',
] as const;
export type TimestepRule = (typeof TIMESTEP_RULES)[number];

export interface TimestepOptions {
  readonly trainTimesteps?: number;
  /** Added to each timestep of the rule `"leading"`, diffusers' `steps_offset`. */
  readonly stepsOffset?: number;
  /** Of the rule `"distilled"`: how many timesteps, evenly spaced, the model was distilled with; 50 unless given. */
  readonly originalSteps?: number;
}

/**
 * The training timesteps of a generation of `count` steps, noisiest first.
 *
 * @throws {ProCacheError} `invalid-input` where there are not that many, or a stride does not exist.
 */
export function timestepsOf(count: number, rule: TimestepRule, options: TimestepOptions = {}): readonly number[] {
  checkOptions('timestepsOf', options, { trainTimesteps: true, stepsOffset: true, originalSteps: true });
  const { trainTimesteps = 1000, stepsOffset = 0, originalSteps = USUAL_LCM.originalSteps } = options;
  nameOf({ value: rule, place: 'rule', code: 'invalid-input' }, TIMESTEP_RULES);
  for (const [place, value] of Object.entries({ count, trainTimesteps, stepsOffset, originalSteps }))
    checkNumber(value, place);
  if (!Number.isInteger(count) || count < 1 || count > trainTimesteps) {
    throw new ProCacheError(
      'invalid-input',
      `cannot take ${count} steps through a model trained with ${trainTimesteps} timesteps; ` +
        `ask for 1 to ${trainTimesteps}`,
    );
  }
  if (rule === 'distilled') return distilled(count, originalSteps, trainTimesteps);
  const timesteps = [...ascending(count, rule, trainTimesteps, stepsOffset)].reverse();
  if (timesteps[0]! >= trainTimesteps || timesteps.at(-1)! < 0) {
    throw new ProCacheError(
      'invalid-input',
      `with an offset of ${stepsOffset} the steps run from timestep ${timesteps[0]!} to ${timesteps.at(-1)!}, ` +
        `outside 0 to ${trainTimesteps - 1}; ` +
        `use a smaller steps_offset, or fewer steps`,
    );
  }
  return timesteps;
}

function ascending(
  count: number,
  rule: Exclude<TimestepRule, 'distilled'>,
  train: number,
  offset: number,
): readonly number[] {
  switch (rule) {
    case 'original':
      return spaced(count, train);
    case 'original-ddim':
      return strided(count, train);
    case 'leading':
      return Array.from({ length: count }, (_, i) => i * Math.floor(train / count) + offset);
    case 'trailing':
      return trailing(count, train).reverse();
    case 'linspace':
      return Array.from({ length: count }, (_, i) => roundHalfEven(i * ((train - 1) / Math.max(1, count - 1))));
    case 'time-uniform':
      return Array.from({ length: count }, (_, i) => ((i + 1) * (train - 1)) / count);
  }
}

/** Evenly some of the timesteps that a model was distilled with, the last of each stride of the training. */
function distilled(count: number, originalSteps: number, train: number): readonly number[] {
  if (!Number.isInteger(originalSteps) || originalSteps < 1 || originalSteps > train) {
    throw new ProCacheError(
      'invalid-input',
      `a model of ${train} training timesteps cannot be distilled with ${originalSteps} of them; mostly it is 50`,
    );
  }
  if (count > originalSteps) {
    throw new ProCacheError(
      'invalid-input',
      `lcm, which is for models that were distilled, picks its steps out of ${originalSteps} and cannot take ` +
        `${count}; ask for 1 to ${originalSteps}, mostly 4`,
    );
  }
  const stride = Math.floor(train / originalSteps);
  return Array.from(
    { length: count },
    (_, i) => (originalSteps - Math.floor((i * originalSteps) / count)) * stride - 1,
  );
}

/** `space_timesteps` of Improved DDPM for one section: the position is a running sum there, and so it is here. */
function spaced(count: number, train: number): readonly number[] {
  const stride = count === 1 ? 1 : (train - 1) / (count - 1);
  let position = 0;
  return Array.from({ length: count }, () => {
    const timestep = roundHalfEven(position);
    position += stride;
    return timestep;
  });
}

/** The smallest integer stride that gives exactly `count` timesteps, as in `space_timesteps(train, "ddim…")`. */
function strided(count: number, train: number): readonly number[] {
  const counts = Array.from({ length: train - 1 }, (_, i) => Math.ceil(train / (i + 1))); // by stride, from 1
  const stride = counts.indexOf(count) + 1;
  if (stride > 0) return Array.from({ length: count }, (_, i) => i * stride);
  const near = counts.reduce((a, b) => (Math.abs(b - count) < Math.abs(a - count) ? b : a), train);
  throw new ProCacheError(
    'invalid-input',
    `no integer stride takes exactly ${count} of ${train} timesteps; use the rule "original", or ${near} steps`,
  );
}

/** From the last timestep down, in strides that need not be whole. */
export function trailing(count: number, train: number): number[] {
  const stride = train - (train - train / count); // as NumPy's arange works it out
  return Array.from({ length: count }, (_, i) => roundHalfEven(train - i * stride) - 1);
}

/** Rounds as Python and NumPy do: a half goes to the even neighbour. */
export function roundHalfEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  if (rest !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}
