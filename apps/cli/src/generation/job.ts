import type { SdeSettings, Seed } from '@procache/core';
import { printable } from '@procache/core/untrusted';
import { nameOfLabel } from '../arguments/labels.ts';
import type { ChosenModel } from '../arguments/model-choice.ts';
import type { Sampling } from '../arguments/sampling.ts';
import { type ChosenSchedule, type NamedSchedule, namedSchedule } from '../arguments/schedule-choice.ts';
import { VERSION } from '../version.ts';

/** What is generated, with what, and how. */
export interface Job {
  readonly chosen: ChosenModel;
  readonly schedule: ChosenSchedule;
  readonly sampling: Sampling;
}

/** One image of a job. */
export interface JobImage {
  readonly label: number;
  /** The name of its class, or its number as text. */
  readonly name: string;
  /** The seed of its noise; none where the noise came from a file. */
  readonly seed: Seed | undefined;
}

/** The images of a job, in the order of its labels. */
export function imagesOf({ chosen, sampling }: Job): readonly JobImage[] {
  return sampling.conditions.map((label, i) => ({
    label,
    name: nameOfLabel(label, chosen.model.takes),
    seed: sampling.noise ? undefined : sampling.seeds[i],
  }));
}

/**
 * How an image was made: what it takes to make it again, as JSON. A seed above 2^53 - 1 is a text, since readers of
 * JSON would round the number.
 */
export interface Provenance {
  readonly version: string;
  readonly model: {
    readonly name: string;
    readonly family: string;
    readonly flavour: string;
    readonly fingerprint: string;
  };
  readonly schedule: NamedSchedule;
  readonly steps: number;
  readonly sampler: string;
  readonly eta?: number;
  readonly timesteps: string;
  /** Of Euler-Maruyama. */
  readonly sde?: SdeSettings;
  readonly guidance: number;
  readonly images: readonly {
    readonly label: number;
    readonly name: string;
    readonly seed?: number | string;
    readonly noise?: string;
  }[];
}

/** The provenance of some images of a job. */
export function provenanceOf({ chosen, schedule, sampling }: Job, images: readonly JobImage[]): Provenance {
  const { name, model, fingerprint } = chosen;
  return {
    version: VERSION,
    model: { name, family: model.family, flavour: model.flavour, fingerprint },
    schedule: namedSchedule(schedule),
    steps: sampling.steps.count,
    sampler: sampling.sampler,
    ...(sampling.sampler === 'ddim' && { eta: sampling.eta }),
    timesteps: sampling.rule,
    ...(sampling.sde && { sde: sampling.sde }),
    guidance: sampling.guidance?.scale ?? 1,
    images: images.map(({ label, name: className, seed }) => ({
      label,
      name: className,
      ...(seed === undefined
        ? { noise: sampling.noiseFile ?? '' }
        : { seed: typeof seed === 'bigint' ? String(seed) : seed }),
    })),
  };
}

/** The same for people, in the manner in which image tools write it: the subject, then a line of parameters. */
export function parametersText(provenance: Provenance): string {
  const { model, schedule, steps, sampler, guidance, images, version } = provenance;
  const seeds = images.map(({ seed, noise }) => seed ?? noise ?? '');
  const parameters = [
    `Steps: ${steps}`,
    `Sampler: ${sampler}`,
    `CFG scale: ${guidance}`,
    `Seed: ${oneLine(seeds.length > 1 ? `${seeds[0]!} to ${seeds.at(-1)!}` : seeds.join(''))}`,
    `Schedule: ${oneLine(`${schedule.name} ${schedule.pattern}`)}`,
    `Model: ${oneLine(model.name)}`,
    `Model fingerprint: ${model.fingerprint}`,
    `Version: ProCache ${version}`,
  ];
  return `${images.map(({ name }) => oneLine(name)).join(', ')}\n${parameters.join(', ')}`;
}

/**
 * A name out of a file, of which other tools read lines: it begins none of its own, and holds no sign that a picture
 * cannot.
 */
function oneLine(name: string): string {
  return printable(name.replaceAll(/\s+/g, ' '));
}
