import { MAX_TRAIN_TIMESTEPS, STRAIGHT_RULES, type StraightPath, type StraightRule } from '@procache/core';
import type { SamplingDefaults } from '../model.ts';
import { type ConfigFields, wrong } from './fields.ts';

/** What diffusers' `FlowMatchEulerDiscreteScheduler` does with these, and what is not done here. */
const UNFOLLOWED = {
  use_dynamic_shifting: "a shift by the image's size",
  use_karras_sigmas: 'another choice of noise levels',
  use_exponential_sigmas: 'another choice of noise levels',
  use_beta_sigmas: 'another choice of noise levels',
  invert_sigmas: 'a path in the other direction',
  stochastic_sampling: 'noise of its own',
} as const;

/** They say how to do what is not done. */
const INDIFFERENT = ['base_shift', 'max_shift', 'base_image_seq_len', 'max_image_seq_len', 'time_shift_type'];

/**
 * The steps along a straight path, as the fields of diffusers' `FlowMatchEulerDiscreteScheduler` say.
 *
 * @throws {ProCacheError} `invalid-model`, with the file and the field, for what cannot be followed.
 */
export function straightProcess(
  fields: ConfigFields,
  path: StraightPath,
  rule: StraightRule,
): Pick<SamplingDefaults, 'path' | 'trainTimesteps' | 'rule' | 'shift' | 'prediction'> {
  fields.choice(['prediction_type', 'prediction'], ['velocity']);
  for (const [name, what] of Object.entries(UNFOLLOWED)) {
    if (fields.flag(name)) wrong(fields.find(name)!, `and ${what} is not supported`);
  }
  const terminal = fields.find('shift_terminal');
  if (terminal && terminal.value !== 0)
    wrong(terminal, 'and stretched noise levels are not supported; supported is null');
  fields.find(...INDIFFERENT);
  return {
    path,
    trainTimesteps: fields.integer(['train_timesteps', 'num_train_timesteps'], 2, MAX_TRAIN_TIMESTEPS) ?? 1000,
    rule: fields.choice('timestep_spacing', STRAIGHT_RULES) ?? rule,
    shift: fields.number('shift', 0, 1000),
    prediction: 'velocity',
  };
}
