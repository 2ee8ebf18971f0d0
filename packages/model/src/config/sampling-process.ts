import {
  BETA_SCHEDULES,
  type Clip,
  cumulativeAlphas,
  MAX_TRAIN_TIMESTEPS,
  type Path,
  type PredictionKind,
  ProCacheError,
  rulesOf,
  SAMPLER_NAMES,
  type SamplerName,
  samplersOf,
  type StraightRule,
  type TimestepRule,
  type Variance,
} from '@procache/core';
import { refuse } from '@procache/core/untrusted';
import type { SamplingDefaults } from '../model.ts';
import { type ConfigFields, wrong } from './fields.ts';
import type { ConfigReading } from './model-config.ts';
import { schedulerClass, type SchedulerClass } from './scheduler-class.ts';
import { flowSolverProcess, lcmOf, passOverSettings, solverOf } from './solver-process.ts';
import { straightProcess } from './straight-process.ts';

/** What a family knows of how its models are drawn with, where no file says otherwise. */
export type ProcessOfFamily = ProcessByBetas | SitProcess;

interface ProcessByBetas {
  readonly path?: undefined;
  readonly rule: TimestepRule;
  /** The sampler of its own code, where that is not the first of its path. */
  readonly sampler?: SamplerName;
  /** How many steps its own code takes, and its scale of guidance, where those are not what is usual. */
  readonly steps?: number;
  readonly guidance?: number;
  /** Whether the model's output tells a variance. */
  readonly learnsVariance: boolean;
}

/** SiT's own, which no scheduler of diffusers does. */
interface SitProcess {
  readonly path: 'sit';
  readonly rule: StraightRule;
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
  const chosen = fields.choice('sampler', SAMPLER_NAMES);
  const byFile = scheduler && schedulerClass(scheduler, chosen !== undefined);
  passOverOthers(fields, { byFile, chosen });
  if (family.path === 'sit') return sitProcess(fields, family, { byFile, chosen });
  const flows = byFile?.canFlow === true && fields.flag('use_flow_sigmas') === true;
  const path = flows ? 'flow' : (byFile?.path ?? 'diffusion');
  checkSampler(fields, path);
  const said = { byFile, chosen, clip: clipOf(fields, byFile) };
  if (flows) {
    const sampler = chosen ?? byFile.sampler;
    return { ...flowSolverProcess(fields, sampler), ...usual(family, sampler), sampler, clip: said.clip };
  }
  return path === 'diffusion' ? processByBetas(fields, family, said) : flowProcess(fields, family, said);
}

/** The settings of the file's own sampler say nothing where another one draws. */
function passOverOthers(fields: ConfigFields, { byFile, chosen }: Omit<Said, 'clip'>): void {
  if (chosen !== undefined && chosen !== byFile?.sampler) passOverSettings(fields);
}

function sitProcess(
  fields: ConfigFields,
  { path, rule }: SitProcess,
  { byFile, chosen: sampler = 'euler' }: Omit<Said, 'clip'>,
): SamplingProcess {
  if (byFile) {
    refuse(
      'scheduler_config.json',
      'a SiT is drawn with as its own code does, which no scheduler of diffusers is; ' +
        'take its weights out of the pipeline',
      'invalid-model',
    );
  }
  checkSampler(fields, path);
  const clip = clipOf(fields, byFile);
  return { ...straightProcess(fields, path, rule), sampler, solver: solverOf(fields, multistepOf(sampler)), clip };
}

/** Flow matching as diffusers' `FlowMatchEulerDiscreteScheduler` has it. */
function flowProcess(
  fields: ConfigFields,
  family: ProcessByBetas,
  { chosen: sampler = 'euler', clip }: Said,
): SamplingProcess {
  const solver = solverOf(fields, multistepOf(sampler));
  return { ...straightProcess(fields, 'flow', 'linspace'), ...usual(family, sampler), sampler, solver, clip };
}

/** Euler's method along a straight path has none of a solver's settings. */
function multistepOf(sampler: SamplerName): SamplerName | undefined {
  return sampler === 'dpm++' || sampler === 'unipc' ? sampler : undefined;
}

/** The steps and the guidance of a model's own code; a model that was distilled takes few, and none. */
function usual(family: ProcessByBetas, sampler: SamplerName | undefined): Pick<SamplingProcess, 'steps' | 'guidance'> {
  if (sampler === 'lcm') return { steps: 4, guidance: 1 };
  return { steps: family.steps, guidance: family.guidance };
}

interface Said {
  readonly byFile: SchedulerClass | undefined;
  readonly chosen: SamplerName | undefined;
  readonly clip: Clip | undefined;
}

function processByBetas(fields: ConfigFields, family: ProcessByBetas, { byFile, chosen, clip }: Said): SamplingProcess {
  const own = byFile ? byFile.sampler : family.sampler;
  const sampler = chosen ?? own;
  if (fields.flag('use_flow_sigmas'))
    wrong(fields.find('use_flow_sigmas')!, 'and a path of flow matching is not supported with these betas');
  const forward = forwardProcess(fields, byFile?.betas);
  checkBetas(forward, byFile ? 'scheduler_config.json' : 'config.json');
  return {
    ...forward,
    rule: ruleOf(fields, sampler, { isOwn: sampler === own, rule: byFile?.spacing ?? family.rule }),
    stepsOffset: fields.integer('steps_offset', 0, MAX_TRAIN_TIMESTEPS),
    setAlphaToOne: fields.flag('set_alpha_to_one'),
    sampler,
    clip,
    variance: varianceOf(fields, sampler, { byFile, learnsVariance: family.learnsVariance }),
    prediction: predictionOf(fields),
    solver: solverOf(fields, sampler),
    lcm: lcmOf(fields, sampler),
    ...usual(family, sampler),
  };
}

/** How timesteps are picked: as is said, else as the file's class or the family does, else as a chosen sampler does. */
function ruleOf(
  fields: ConfigFields,
  sampler: SamplerName = 'ddim',
  { isOwn, rule }: { readonly isOwn: boolean; readonly rule: TimestepRule },
): SamplingProcess['rule'] {
  const said = fields.choice('timestep_spacing', ['leading', 'trailing', 'linspace']);
  const rules = rulesOf('diffusion', sampler);
  if (said !== undefined && rules.includes(said)) return said;
  const serves = isOwn || sampler === 'ddim' || sampler === 'ddpm';
  return serves && rules.includes(rule) ? rule : rules[0];
}

function checkSampler(fields: ConfigFields, path: Path): void {
  const found = fields.find('sampler');
  const names: readonly unknown[] = samplersOf(path);
  if (!found || names.includes(found.value)) return;
  const problem =
    path === 'diffusion'
      ? 'which goes along straight paths (flow matching, SiT) only'
      : "but the model's path is straight (flow matching, SiT)";
  wrong(found, `${problem}; supported are ${names.join(', ')}`);
}

/** diffusers' names of what a model predicts, and one more for a velocity. */
const PREDICTIONS: Readonly<Record<string, PredictionKind | undefined>> = {
  epsilon: undefined, // the default
  v_prediction: 'velocity',
  sample: 'sample',
  velocity: 'velocity',
};

function predictionOf(fields: ConfigFields): PredictionKind | undefined {
  const name = fields.choice(['prediction_type', 'prediction'], Object.keys(PREDICTIONS));
  return name === undefined ? undefined : PREDICTIONS[name];
}

type Forward = Pick<
  SamplingProcess,
  'trainTimesteps' | 'betaSchedule' | 'betaStart' | 'betaEnd' | 'trainedBetas' | 'zeroTerminalSnr'
>;

function forwardProcess(fields: ConfigFields, betas: SchedulerClass['betas'] = {}): Forward {
  return {
    trainTimesteps: fields.integer(['train_timesteps', 'num_train_timesteps'], 2, MAX_TRAIN_TIMESTEPS) ?? 1000,
    betaSchedule: fields.choice('beta_schedule', BETA_SCHEDULES) ?? betas.betaSchedule ?? 'linear',
    betaStart: fields.number('beta_start', 0, 1) ?? betas.betaStart ?? 1e-4,
    betaEnd: fields.number('beta_end', 0, 1) ?? betas.betaEnd ?? 0.02,
    trainedBetas: trainedBetas(fields),
    zeroTerminalSnr: fields.flag('rescale_betas_zero_snr'),
  };
}

function trainedBetas(fields: ConfigFields): readonly number[] | undefined {
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

/**
 * As in diffusers: thresholding goes before clamping, and DDIM goes on with the noise that the model said, unless
 * `clip_noise` says that it is derived from the clamped image, as the original code of diffusion does.
 */
function clipOf(fields: ConfigFields, byFile: SchedulerClass | undefined): Clip | undefined {
  const clips = fields.flag('clip_sample') ?? byFile?.clips ?? false;
  const range = fields.number('clip_sample_range', 0, 1e6) ?? 1;
  const quantile = fields.share('dynamic_thresholding_ratio') ?? 0.995;
  const most = fields.number('sample_max_value', 0, 1e6) ?? 1;
  const noise = fields.choice('clip_noise', CLIP_NOISES) ?? 'predicted';
  if (fields.flag('thresholding')) return { quantile, most, noise };
  return clips ? { range, noise } : undefined;
}

const CLIP_NOISES = ['predicted', 'derived'] as const;

/** diffusers' names of the variances; the logarithm of the small one is taken and undone there. */
const VARIANCES = {
  fixed_small: 'fixed-small',
  fixed_small_log: 'fixed-small',
  fixed_large: 'fixed-large',
  learned_range: 'learned-range',
} as const;

function varianceOf(
  fields: ConfigFields,
  sampler: SamplerName | undefined,
  { byFile, learnsVariance }: { readonly byFile: SchedulerClass | undefined; readonly learnsVariance: boolean },
): Variance | undefined {
  if (sampler === 'dpm++') checkLearned(fields, learnsVariance);
  if (sampler !== 'ddpm') return undefined;
  const name = fields.choice('variance_type', Object.keys(VARIANCES) as (keyof typeof VARIANCES)[]);
  if (name === 'learned_range') checkLearned(fields, learnsVariance);
  if (name !== undefined) return VARIANCES[name];
  return byFile?.sampler === 'ddpm' ? 'fixed-small' : undefined;
}

/** Refuses a learned variance that is not there; DPM-Solver++ passes over one that is, and over the others. */
function checkLearned(fields: ConfigFields, learnsVariance: boolean): void {
  const found = fields.find('variance_type');
  if (found && !learnsVariance && (found.value === 'learned_range' || found.value === 'learned'))
    wrong(found, 'but the model has no output channels for a variance');
}
