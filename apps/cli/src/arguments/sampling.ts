import {
  DIFFUSION_FORMS,
  type DiffusionSteps,
  diffusionSteps,
  type Guidance,
  LAST_STEPS,
  MAX_GUIDANCE,
  ProCacheError,
  samplersOf,
  type Seed,
  seedsOf,
  STRAIGHT_RULES,
  TIMESTEP_RULES,
} from '@procache/core';
import { guidanceOf as guidanceOfScale } from '@procache/model';
import { type Command, Option } from 'commander';
import { labelsOfBatch, takenLabels } from './labels.ts';
import type { ChosenModel, KnownModel } from './model-choice.ts';
import { naming } from './naming.ts';
import { readNoise } from './noise.ts';
import { type ChosenSampler, chooseSampler, type SamplerFlags } from './sampler-choice.ts';
import { numberWithin, seedValue } from './values.ts';

/** The options that say how to get from noise to an image. */
export interface ProcessFlags extends SamplerFlags {
  readonly guidance?: number;
}

/** The options that say what to draw, and how to get there from noise. */
export interface SamplingFlags extends ProcessFlags {
  readonly labels?: string;
  readonly prompt?: string;
  readonly seed: Seed;
  readonly noise?: string;
}

/** The scale that DiT's sampling script and diffusers' pipeline use. */
const USUAL_GUIDANCE = 4;

export function addSamplingOptions(command: Command): Command {
  command
    .option(
      '-l, --labels <list>',
      'class numbers or names, or all, such as 1,7 or "bag,ankle boot" (default: all classes where there are at ' +
        'most 10, else 0)',
    )
    .option('--prompt <text>', 'for models that take text; none does yet');
  return addProcessOptions(command)
    .option('--seed <n>', 'image i begins with the noise of seed n + i, as in PyTorch on the CPU', seedValue, 0)
    .option('--noise <file>', 'begin with the tensor `noise` of a safetensors file instead');
}

export function addProcessOptions(command: Command): Command {
  return command
    .option(
      '--sampler <name>',
      `how the noise is taken away: ${samplersOf('diffusion').join(', ')}, and of straight paths (flow matching, SiT) ` +
        `${samplersOf('flow').join(', ')} (default: that of the model's pipeline, else the first)`,
    )
    .option('--eta <share>', 'of ddim: how much fresh noise each step adds, 0 to 1 (default: 0)', numberWithin(0, 1))
    .addOption(
      new Option('--timesteps <rule>', "how timesteps are picked (default: as the model's own code does)").choices([
        ...new Set([...TIMESTEP_RULES, ...STRAIGHT_RULES]),
      ]),
    )
    .option(
      '--diffusion-form <form>',
      `of euler-maruyama: how its noise falls off: ${DIFFUSION_FORMS.join(', ')} (default: sigma)`,
    )
    .option(
      '--diffusion-norm <n>',
      'of euler-maruyama: what its noise is multiplied by (default: 1)',
      numberWithin(0, 100),
    )
    .addOption(new Option('--last-step <kind>', 'of euler-maruyama: how it ends (default: mean)').choices(LAST_STEPS))
    .option(
      '--last-step-size <share>',
      'of euler-maruyama: the noise left to the last step (default: 0.04)',
      numberWithin(1e-4, 0.9999),
    )
    .option(
      '-g, --guidance <scale>',
      "classifier-free guidance, 1 for none (default: the zoo's advice, else 4)",
      numberWithin(0, MAX_GUIDANCE),
    );
}

/** How a model gets from noise to an image, in however many steps. */
export interface Process extends ChosenSampler {
  /** For so many evaluations of the model, each of which has a letter in a schedule. */
  readonly stepsOf: (count: number) => DiffusionSteps;
  readonly guidance: Guidance | undefined;
}

/** Everything about a generation but the schedule. */
export interface Sampling extends Omit<Process, 'stepsOf'> {
  /** What each image is to show, by the numbers of classes. */
  readonly conditions: readonly number[];
  readonly steps: DiffusionSteps;
  readonly seeds: readonly Seed[];
  /** The file that the noise comes from, and the noise. */
  readonly noiseFile: string | undefined;
  readonly noise: Float32Array | undefined;
}

/** Checks the options against the model, and reads the noise. */
export async function chooseSampling(flags: SamplingFlags, chosen: ChosenModel, steps: number): Promise<Sampling> {
  const { model, name } = chosen;
  if (flags.prompt !== undefined) {
    throw new ProCacheError(
      'invalid-input',
      `--prompt: ${name} draws classes, not texts; use --labels instead: ${takenLabels(model.takes)}`,
    );
  }
  const conditions = labelsOfBatch(flags.labels, model.takes);
  const { stepsOf, ...process } = chooseProcess(flags, chosen);
  return {
    ...process,
    conditions,
    steps: stepsOf(steps),
    seeds: seedsOf(flags.seed, conditions.length),
    noiseFile: flags.noise,
    noise: flags.noise === undefined ? undefined : await readNoise(flags.noise, model.latent, conditions.length),
  };
}

/** Checks against the model how it is to get from noise to an image. */
export function chooseProcess(flags: ProcessFlags, chosen: ChosenModel): Process {
  const { defaults } = chosen.model;
  const sampler = chooseSampler(flags, defaults);
  const { sampler: name, rule, sde } = sampler;
  return {
    ...sampler,
    stepsOf: (count) =>
      naming(`--steps ${count}`, () => diffusionSteps(count, { ...defaults, sampler: name, rule, sde })),
    guidance: guidanceOf(flags.guidance, chosen),
  };
}

/** No guidance where its scale is 1, or where the model was trained without. */
export function guidanceOf(asked: number | undefined, { model, name, recommended }: KnownModel): Guidance | undefined {
  const { unconditional } = model.takes;
  if (unconditional === undefined && asked !== undefined && asked !== 1) {
    throw new ProCacheError(
      'invalid-input',
      `--guidance: ${name} knows no image without a class, which guidance needs; use --guidance 1`,
    );
  }
  const scale = asked ?? recommended?.guidance ?? USUAL_GUIDANCE;
  return unconditional === undefined ? undefined : guidanceOfScale(model, scale);
}
