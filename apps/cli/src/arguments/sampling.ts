import { readNoise } from '@procache/backend-node';
import {
  type Condition,
  DIFFUSION_FORMS,
  type DiffusionForm,
  type DiffusionSteps,
  type Guidance,
  LAST_STEPS,
  MAX_GUIDANCE,
  samplersOf,
  type SdeSettings,
  type Seed,
  seedsOf,
  STRAIGHT_RULES,
  TIMESTEP_RULES,
} from '@procache/core';
import { guidanceOf } from '@procache/model';
import { type AskedProcess, processOf, type Process as SettledProcess } from '@procache/pipeline';
import { type Command, Option } from 'commander';
import { type ConditionFlags, addConditionOptions, chooseBatch } from './conditions.ts';
import type { NamedModel } from './model-choice.ts';
import { asFlag } from './naming.ts';
import { numberWithin, seedValue } from './values.ts';

/** The options that say how to get from noise to an image. */
export interface ProcessFlags extends Omit<AskedProcess, 'sde'> {
  readonly diffusionForm?: string;
  readonly diffusionNorm?: number;
  readonly lastStep?: SdeSettings['lastStep'];
  readonly lastStepSize?: number;
}

/** The options that say what to draw, and how to get there from noise. */
export interface SamplingFlags extends ProcessFlags, ConditionFlags {
  readonly seed: Seed;
  readonly noise?: string;
}

export function addSamplingOptions(command: Command): Command {
  return addProcessOptions(addConditionOptions(command))
    .option('--seed <n>', 'image i begins with the noise of seed n + i, as in PyTorch on the CPU', seedValue, 0)
    .option('--noise <file>', 'begin with the tensor `noise` of a safetensors file instead');
}
export function addProcessOptions(command: Command): Command {
  return command
    .option(
      '--sampler <name>',
      `how the noise is taken away: ${samplersOf('diffusion').join(', ')}, and of straight paths (flow matching, ` +
        `SiT) ${samplersOf('flow').join(', ')} (default: that of the model's pipeline, else the first)`,
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
export interface Process extends Omit<SettledProcess, 'scale'> {
  readonly guidance: Guidance | undefined;
}

/** Everything about a generation but the schedule. */
export interface Sampling extends Omit<Process, 'stepsOf'> {
  /** What each image is to show. */
  readonly conditions: readonly Condition[];
  readonly steps: DiffusionSteps;
  readonly seeds: readonly Seed[];
  /** The file that the noise comes from, and the noise. */
  readonly noiseFile: string | undefined;
  readonly noise: Float32Array | undefined;
}

/** Checks the options against the model, and reads the noise. */
export async function chooseSampling(flags: SamplingFlags, chosen: NamedModel, steps: number): Promise<Sampling> {
  const conditions = await chooseBatch(flags, chosen);
  const { stepsOf, ...process } = chooseProcess(flags, chosen);
  const images = conditions.length;
  return {
    ...process,
    conditions,
    steps: stepsOf(steps),
    seeds: seedsOf(flags.seed, images),
    noiseFile: flags.noise,
    noise: flags.noise === undefined ? undefined : await readNoise(flags.noise, chosen.model.latent, images, '--noise'),
  };
}

/** Checks against the model how it is to get from noise to an image. */
export function chooseProcess(flags: ProcessFlags, chosen: NamedModel): Process {
  const { diffusionForm, diffusionNorm, lastStep, lastStepSize, ...asked } = flags;
  const sde = { form: diffusionForm as DiffusionForm | undefined, norm: diffusionNorm, lastStep, lastStepSize };
  const { scale, ...process } = processOf({ ...asked, sde }, chosen, asFlag);
  return { ...process, guidance: guidanceOf(chosen.model, scale) };
}
