import type { GenerateOptions, Guidance } from './generate.ts';
import { MAX_IMAGES } from './limits.ts';
import { checkPlan } from './plan-check.ts';
import { checkFloats, checkSteps } from './process-check.ts';
import { exactSeed } from './random.ts';
import { SAMPLER_NAMES } from './samplers/sampling.ts';
import { integerOf, listOf, nameOf, numberOf, refuse } from './untrusted/json-reader.ts';
import { checkOptions, type Fields } from './untrusted/options.ts';

const FIELDS: Fields<GenerateOptions> = {
  plan: true,
  steps: true,
  labels: true,
  guidance: true,
  sampler: true,
  eta: true,
  seed: true,
  noise: true,
  signal: true,
  onStep: true,
  now: true,
};
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
  const { plan, steps, labels, guidance, sampler, eta, seed = 0, noise } = options;
  checkPlan(plan);
  checkSteps(steps);
  checkLabels(labels);
  if (guidance !== undefined) checkGuidance(guidance);
  if (sampler !== undefined) nameOf({ value: sampler, place: 'sampler', code: 'invalid-input' }, SAMPLER_NAMES);
  if (eta !== undefined) numberOf({ value: eta, place: 'eta', code: 'invalid-input' }, 0, 1);
  exactSeed(seed);
  if (noise !== undefined) checkFloats(noise, 'noise');
}

/** Refuses what are no class labels. */
export function checkLabels(labels: unknown): void {
  const each = listOf({ value: labels, place: 'labels', code: 'invalid-input' });
  if (each.length === 0) refuse('labels', 'there is none; pass one class label per image', 'invalid-input');
  if (each.length > MAX_IMAGES) refuse('labels', `has ${each.length} labels; make at most ${MAX_IMAGES} images at once`, 'invalid-input');
  for (const label of each) integerOf(label, 0, MAX_LABEL);
}

function checkGuidance(guidance: Guidance): void {
  checkOptions('guidance', guidance, GUIDANCE_FIELDS);
  numberOf({ value: guidance.scale, place: 'guidance.scale', code: 'invalid-input' }, -Infinity, Infinity);
  integerOf({ value: guidance.unconditional, place: 'guidance.unconditional', code: 'invalid-input' }, 0, MAX_LABEL);
  integerOf({ value: guidance.channels, place: 'guidance.channels', code: 'invalid-input' }, 1);
}
