import { type DiffusionSteps, diffusionSteps, type Guidance, MAX_GUIDANCE, ProCacheError, SAMPLER_NAMES, type SamplerName, type Seed, type TimestepRule } from '@procache/core';
import { shownName } from '@procache/core/untrusted';
import { guidanceOf as guidanceOfScale, type SamplingDefaults } from '@procache/model';
import { type Command, Option } from 'commander';
import { labelsOfBatch, takenLabels } from './labels.ts';
import type { ChosenModel, KnownModel } from './model-choice.ts';
import { naming } from './naming.ts';
import { readNoise } from './noise.ts';
import { numberWithin, seedValue } from './values.ts';

/** The options that say how to get from noise to an image. */
export interface ProcessFlags {
  readonly sampler?: string;
  readonly eta?: number;
  readonly timesteps?: TimestepRule;
  readonly guidance?: number;
}

/** The options that say what to draw, and how to get there from noise. */
export interface SamplingFlags extends ProcessFlags {
  readonly labels?: string;
  readonly prompt?: string;
  readonly seed: Seed;
  readonly noise?: string;
}

const TIMESTEP_RULES = ['original', 'original-ddim', 'leading', 'trailing', 'linspace'] as const satisfies readonly TimestepRule[];
/** The samplers of the other tools, so that who asks for one learns that it is not a typing mistake. */
const MISSING_SAMPLERS = ['dpm++2m', 'euler'];
/** The scale that DiT's sampling script and diffusers' pipeline use. */
const USUAL_GUIDANCE = 4;

export function addSamplingOptions(command: Command): Command {
  command
    .option('-l, --labels <list>', 'class numbers or names, or all, such as 1,7 or "bag,ankle boot" (default: all classes where there are at most 10, else 0)')
    .option('--prompt <text>', 'for models that take text; none does yet');
  return addProcessOptions(command)
    .option('--seed <n>', 'image i begins with the noise of seed n + i, as in PyTorch on the CPU', seedValue, 0)
    .option('--noise <file>', 'begin with the tensor `noise` of a safetensors file instead');
}

export function addProcessOptions(command: Command): Command {
  return command
    .option('--sampler <name>', `how the noise is taken away: ${SAMPLER_NAMES.join(', ')} (default: that of the model's pipeline, else ddim)`)
    .option('--eta <share>', 'of ddim: how much fresh noise each step adds, 0 to 1 (default: 0)', numberWithin(0, 1))
    .addOption(new Option('--timesteps <rule>', "how timesteps are picked (default: as the model's own code does)").choices(TIMESTEP_RULES))
    .option('-g, --guidance <scale>', "classifier-free guidance, 1 for none (default: the zoo's advice, else 4)", numberWithin(0, MAX_GUIDANCE));
}

/** How a model gets from noise to an image, in however many steps. */
export interface Process {
  readonly sampler: SamplerName;
  readonly eta: number;
  readonly rule: TimestepRule;
  readonly stepsOf: (count: number) => DiffusionSteps;
  readonly guidance: Guidance | undefined;
}

/** Everything about a generation but the schedule. */
export interface Sampling extends Omit<Process, 'stepsOf'> {
  readonly labels: readonly number[];
  readonly steps: DiffusionSteps;
  readonly seed: Seed;
  /** The file that the noise comes from, and the noise. */
  readonly noiseFile: string | undefined;
  readonly noise: Float32Array | undefined;
}

/** Checks the options against the model, and reads the noise. */
export async function chooseSampling(flags: SamplingFlags, chosen: ChosenModel, steps: number): Promise<Sampling> {
  const { model, name } = chosen;
  if (flags.prompt !== undefined) {
    throw new ProCacheError('invalid-input', `--prompt: ${name} draws classes, not texts; use --labels instead: ${takenLabels(model.labels)}`);
  }
  const labels = labelsOfBatch(flags.labels, model.labels);
  const { stepsOf, ...process } = chooseProcess(flags, chosen);
  return {
    ...process,
    labels,
    steps: stepsOf(steps),
    seed: flags.seed,
    noiseFile: flags.noise,
    noise: flags.noise === undefined ? undefined : await readNoise(flags.noise, model.latent, labels.length),
  };
}

/** Checks against the model how it is to get from noise to an image. */
export function chooseProcess(flags: ProcessFlags, chosen: ChosenModel): Process {
  const { defaults } = chosen.model;
  const rule = flags.timesteps ?? defaults.rule;
  return {
    sampler: samplerOf(flags, defaults),
    eta: flags.eta ?? 0,
    rule,
    stepsOf: (count) => naming(`--steps ${count}`, () => diffusionSteps(count, { ...defaults, rule })),
    guidance: guidanceOf(flags.guidance, chosen),
  };
}

function samplerOf({ sampler: asked, eta }: ProcessFlags, defaults: SamplingDefaults): SamplerName {
  const found = asked === undefined ? (defaults.sampler ?? 'ddim') : SAMPLER_NAMES.find((name) => name === asked);
  if (!found) {
    const problem = MISSING_SAMPLERS.includes(asked!) ? `the sampler ${asked!} is not there yet` : `there is no sampler '${shownName(asked!)}'`;
    throw new ProCacheError('invalid-input', `--sampler: ${problem}; there are ${SAMPLER_NAMES.join(', ')}`);
  }
  if (found !== 'ddim' && eta !== undefined) {
    throw new ProCacheError('invalid-input', `--eta belongs to the sampler ddim; ${found} adds its own noise, so leave it out`);
  }
  return found;
}

/** No guidance where its scale is 1, or where the model was trained without. */
export function guidanceOf(asked: number | undefined, { model, name, recommended }: KnownModel): Guidance | undefined {
  const { unconditional } = model.labels;
  if (unconditional === undefined && asked !== undefined && asked !== 1) {
    throw new ProCacheError('invalid-input', `--guidance: ${name} knows no image without a class, which guidance needs; use --guidance 1`);
  }
  const scale = asked ?? recommended?.guidance ?? USUAL_GUIDANCE;
  return unconditional === undefined ? undefined : guidanceOfScale(model, scale);
}
