import {
  BETA_SCHEDULES,
  type Clip,
  cumulativeAlphas,
  MAX_TRAIN_TIMESTEPS,
  ProCacheError,
  SAMPLER_NAMES,
  type TimestepRule,
  type Variance,
} from '@procache/core';
import type { SamplingDefaults } from '../model.ts';
import { type Fields, wrong } from './fields.ts';
import type { ConfigReading } from './model-config.ts';
import { schedulerClass, type SchedulerClass } from './scheduler-class.ts';

/** What a family knows of how its models are drawn with, where no file says otherwise. */
export interface ProcessOfFamily {
  readonly rule: TimestepRule;
  /** Whether the model's output tells a variance. */
  readonly learnsVariance: boolean;
}

/** How images are drawn with a model, as core takes it. */
export type SamplingProcess = Omit<SamplingDefaults, 'guidanceChannels'>;

/**
 * How a model is drawn with, by what its config and the scheduler of its pipeline say. The fields have diffusers' names
 * and meaning wherever they stand: in scheduler_config.json, in config.json, or in what the user adds.
 *
 * @throws {ProCacheError} `invalid-model`, with the file and the field, for what cannot be followed: nothing that would
 * change an image is passed over.
 */
export function samplingProcess(
  { process: fields, scheduler }: ConfigReading,
  family: ProcessOfFamily,
): SamplingProcess {
  fields.choice(['prediction_type', 'prediction'], ['epsilon']); // no sampler takes anything else as the model's output
  const chosen = fields.choice('sampler', SAMPLER_NAMES);
  const byFile = scheduler && schedulerClass(scheduler, chosen !== undefined);
  const sampler = chosen ?? byFile?.sampler;
  refuseUnfollowed(fields);
  const process: SamplingProcess = {
    ...forwardProcess(fields),
    rule: fields.choice('timestep_spacing', ['leading', 'trailing', 'linspace']) ?? (byFile ? 'leading' : family.rule),
    stepsOffset: fields.integer('steps_offset', 0, MAX_TRAIN_TIMESTEPS),
    setAlphaToOne: fields.flag('set_alpha_to_one'),
    sampler,
    clip: clipOf(fields, byFile),
    variance: sampler === 'ddpm' ? varianceOf(fields, byFile, family) : undefined,
  };
  checkBetas(process, scheduler ? 'scheduler_config.json' : 'config.json');
  return process;
}

type Forward = Pick<
  SamplingProcess,
  'trainTimesteps' | 'betaSchedule' | 'betaStart' | 'betaEnd' | 'trainedBetas' | 'zeroTerminalSnr'
>;

function forwardProcess(fields: Fields): Forward {
  return {
    trainTimesteps: fields.integer(['train_timesteps', 'num_train_timesteps'], 2, MAX_TRAIN_TIMESTEPS) ?? 1000,
    betaSchedule: fields.choice('beta_schedule', BETA_SCHEDULES) ?? 'linear',
    betaStart: fields.number('beta_start', 0, 1) ?? 1e-4,
    betaEnd: fields.number('beta_end', 0, 1) ?? 0.02,
    trainedBetas: trainedBetas(fields),
    zeroTerminalSnr: fields.flag('rescale_betas_zero_snr'),
  };
}

function trainedBetas(fields: Fields): readonly number[] | undefined {
  const found = fields.find('trained_betas');
  if (!found) return undefined;
  const { value, place } = found;
  if (!Array.isArray(value)) return wrong(found, 'not a list of numbers');
  return value.map((beta: unknown, i) =>
    typeof beta === 'number' ? beta : wrong({ value: beta, place: `${place}[${i}]` }, 'not a number'),
  );
}

/** Refuses betas that are no noise schedule; core says what is wrong with them. */
function checkBetas(process: Forward, file: string): void {
  try {
    cumulativeAlphas(process);
  } catch (cause) {
    if (!(cause instanceof ProCacheError)) throw cause;
    throw new ProCacheError('invalid-model', `${file}: ${cause.message}`, { cause });
  }
}

/** Refuses what samplers of diffusers do and these do not. */
function refuseUnfollowed(fields: Fields): void {
  const unfollowed = { thresholding: 'dynamic thresholding', use_flow_sigmas: 'a path of flow matching' };
  for (const [name, what] of Object.entries(unfollowed)) {
    if (fields.flag(name))
      wrong(fields.find(name)!, `and ${what} is not supported; to draw without it, say false in the config`);
  }
  fields.find('dynamic_thresholding_ratio', 'sample_max_value'); // they say how to threshold
}

function clipOf(fields: Fields, byFile: SchedulerClass | undefined): Clip | undefined {
  const clips = fields.flag('clip_sample') ?? byFile?.clips ?? false;
  const range = fields.number('clip_sample_range', 0, 1e6) ?? 1;
  return clips ? { range, noise: 'predicted' } : undefined;
}

/** diffusers' names of the variances; the logarithm of the small one is taken and undone there. */
const VARIANCES = {
  fixed_small: 'fixed-small',
  fixed_small_log: 'fixed-small',
  fixed_large: 'fixed-large',
  learned_range: 'learned-range',
} as const;

function varianceOf(
  fields: Fields,
  byFile: SchedulerClass | undefined,
  { learnsVariance }: ProcessOfFamily,
): Variance | undefined {
  const name = fields.choice('variance_type', Object.keys(VARIANCES) as (keyof typeof VARIANCES)[]);
  if (name === 'learned_range' && !learnsVariance)
    wrong(fields.find('variance_type')!, 'but the model has no output channels for a variance');
  if (name !== undefined) return VARIANCES[name];
  return byFile?.sampler === 'ddpm' ? 'fixed-small' : undefined;
}
