import { readNoise } from '@procache/backend-node';
import {
  DIFFUSION_FORMS,
  type DiffusionForm,
  type DiffusionSteps,
  LAST_STEPS,
  MAX_GUIDANCE,
  samplersOf,
  type SdeSettings,
  type Seed,
  seedsOf,
  STRAIGHT_RULES,
  TIMESTEP_RULES,
} from '@procache/core';
import { type AskedProcess, checkedConditioning, type Conditioning, processOf, type Process } from '@procache/pipeline';
import { type Command, Option } from 'commander';
import type { Companions } from './companions.ts';
import { addLabelOption, addPromptOptions, askedConditions, checkBatch, type ConditionFlags } from './conditions.ts';
import type { NamedModel } from './model-choice.ts';
import { asFlag, asFlagOf } from './naming.ts';
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
  return addProcessOptions(addPromptOptions(addLabelOption(command)))
    .option('--seed <n>', 'image i begins with the noise of seed n + i, as in PyTorch on the CPU', seedValue, 0)
    .option('--noise <file>', 'begin with the tensor `noise` of a safetensors file instead');
}
export function addProcessOptions(command: Command): Command {
  return command
    .option(
      '--sampler <name>',
      `how the noise is taken away: ${samplersOf('diffusion').join(', ')}, and of straight paths (flow matching, ` +
        `SiT) ${samplersOf('flow').join(', ')} (default: that of the model's own code or pipeline, else the first)`,
    )
    .option('--eta <share>', 'of ddim: how much fresh noise each step adds, 0 to 1 (default: 0)', numberWithin(0, 1))
    .addOption(
      new Option(
        '--timesteps <rule>',
        "how timesteps are picked (default: as the model's or the sampler's own code does)",
      ).choices([...new Set([...TIMESTEP_RULES, ...STRAIGHT_RULES])]),
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
      "classifier-free guidance, 1 for none (default: the zoo's advice, else the model's own, else 4)",
      numberWithin(0, MAX_GUIDANCE),
    );
}

/** Everything about a generation but the schedule; texts are still to be read. */
export interface Sampling extends Omit<Process, 'stepsOf' | 'scale'> {
  /** What each image is to show, and what guidance leads away from. */
  readonly conditioning: Conditioning;
  readonly negative: string | undefined;
  readonly steps: DiffusionSteps;
  readonly seeds: readonly Seed[];
  /** The file that the noise comes from, and the noise. */
  readonly noiseFile: string | undefined;
  readonly noise: Float32Array | undefined;
}

/** Checks the options against the model, and reads the noise. */
export async function chooseSampling(
  flags: SamplingFlags,
  known: NamedModel,
  steps: number,
  { encoder, lacking }: Pick<Companions, 'encoder' | 'lacking'>,
): Promise<Sampling> {
  const { stepsOf, scale, ...process } = chooseProcess(flags, known);
  const { negativePrompt: negative, noise: noiseFile } = flags;
  const asked = { conditions: await askedConditions(flags, known), negative, scale };
  const conditioning = checkedConditioning(asked, {
    known,
    encoder,
    noEncoder: lacking.encoder,
    spell: asFlagOf(known),
  });
  const images = conditioning.conditions.length;
  checkBatch(images, known);
  return {
    ...process,
    ...{ conditioning, negative, noiseFile },
    steps: stepsOf(steps),
    seeds: seedsOf(flags.seed, images),
    noise: noiseFile === undefined ? undefined : await readNoise(noiseFile, known.model.latent, images, '--noise'),
  };
}

/** Checks against the model how it is to get from noise to an image. */
export function chooseProcess(flags: ProcessFlags, chosen: NamedModel): Process {
  const { diffusionForm, diffusionNorm, lastStep, lastStepSize, ...asked } = flags;
  const sde = { form: diffusionForm as DiffusionForm | undefined, norm: diffusionNorm, lastStep, lastStepSize };
  return processOf({ ...asked, sde }, chosen, asFlag);
}
