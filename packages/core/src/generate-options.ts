import type { GenerateOptions } from './generate.ts';
import { MAX_IMAGES } from './limits.ts';
import { checkPlan } from './plan.ts';
import { checkFloats, checkSteps } from './process-check.ts';
import { exactSeed, type Seed } from './random.ts';
import { SAMPLER_NAMES } from './samplers/settings.ts';
import type { Guidance, TrajectoryOptions } from './trajectory.ts';
import { integerOf, listOf, nameOf, numberOf, objectOf, type Placed, refuse } from './untrusted/json-reader.ts';
import { checkOptions, type Fields } from './untrusted/options.ts';

const TRAJECTORY_FIELDS: Fields<TrajectoryOptions> = {
  steps: true,
  conditions: true,
  guidance: true,
  sampler: true,
  eta: true,
  seeds: true,
  noise: true,
};
const FIELDS: Fields<GenerateOptions> = { ...TRAJECTORY_FIELDS, plan: true, signal: true, onStep: true, now: true };
const GUIDANCE_FIELDS: Fields<Guidance> = { scale: true, unconditional: true, channels: true };

/** The highest class label, as backends read it. */
const MAX_LABEL = 2 ** 31 - 1;

/**
 * Refuses options of a generation that it would not read, or could not follow. What fits the model is checked later.
 *
 * @throws {ProCacheError} `invalid-input`, with the name of the option
 */
export function checkGenerateOptions(options: GenerateOptions): void {
  checkOptions('generate', options, FIELDS);
  checkPlan(options.plan);
}

/** The same for what images depend on but the plan. */
export function checkTrajectoryOptions(options: TrajectoryOptions): void {
  checkOptions('trajectoryOf', options, TRAJECTORY_FIELDS);
  const { steps, conditions, guidance, sampler, eta, seeds, noise } = options;
  checkSteps(steps);
  checkConditions(conditions, 'conditions');
  if (guidance !== undefined) checkGuidance(guidance);
  if (sampler !== undefined) nameOf({ value: sampler, place: 'sampler', code: 'invalid-input' }, SAMPLER_NAMES);
  if (eta !== undefined) numberOf({ value: eta, place: 'eta', code: 'invalid-input' }, 0, 1);
  if (seeds !== undefined)
    for (const { value } of listOf({ value: seeds, place: 'seeds', code: 'invalid-input' })) exactSeed(value as Seed);
  if (noise !== undefined) checkFloats(noise, 'noise');
}

/** Refuses what are no conditions. */
export function checkConditions(conditions: unknown, place: string): void {
  const each = listOf({ value: conditions, place, code: 'invalid-input' });
  if (each.length === 0) refuse(place, 'there is none; pass one for each image', 'invalid-input');
  if (each.length > MAX_IMAGES)
    refuse(place, `has ${each.length} of them; make at most ${MAX_IMAGES} images at once`, 'invalid-input');
  for (const condition of each) checkCondition(condition);
}

/** A class, or the embedding of a text. */
function checkCondition({ value, place, code }: Placed): void {
  if (typeof value !== 'object' || value === null) {
    integerOf({ value, place, code }, 0, MAX_LABEL);
    return;
  }
  const { values, tokens } = objectOf({ value, place, code });
  checkFloats(values, `${place}.values`, '[tokens, width]');
  integerOf({ value: tokens, place: `${place}.tokens`, code }, 1);
}

function checkGuidance(guidance: Guidance): void {
  checkOptions('guidance', guidance, GUIDANCE_FIELDS);
  numberOf({ value: guidance.scale, place: 'guidance.scale', code: 'invalid-input' }, -Infinity, Infinity);
  checkCondition({ value: guidance.unconditional, place: 'guidance.unconditional', code: 'invalid-input' });
  integerOf({ value: guidance.channels, place: 'guidance.channels', code: 'invalid-input' }, 1);
}
