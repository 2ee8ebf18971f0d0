import type { Contestant } from '@procache/compare';
import type { Condition, Guidance, Plan } from '@procache/core';
import type { ImageProvenance, Provenance } from '@procache/pictures';
import { nameOfCondition, readConditioning } from '@procache/pipeline';
import type { Companions } from '../arguments/companions.ts';
import type { ChosenModel } from '../arguments/model-choice.ts';
import type { Sampling } from '../arguments/sampling.ts';
import { type ChosenSchedule, namedSchedule } from '../arguments/schedule-choice.ts';
import { VERSION } from '../version.ts';

/** What is generated, with what, and how. */
export interface Job {
  readonly chosen: ChosenModel;
  readonly companions: Companions;
  readonly schedule: ChosenSchedule;
  readonly sampling: Sampling;
}

/** What images are to show, as the model takes it. */
export interface ReadConditions {
  readonly conditions: readonly Condition[];
  readonly guidance: Guidance | undefined;
}

/** Reads the texts of a job, each once. What read them is of no more use then, and leaves the memory to the model. */
export async function readConditions({ chosen, companions, sampling }: Job): Promise<ReadConditions> {
  const { encoder } = companions;
  return readConditioning(sampling.conditioning, { known: chosen, encoder }).finally(() => encoder?.dispose());
}

/** The images of a job, drawn by following a plan. */
export function contestantOf({ sampling }: Job, read: ReadConditions, name: string, plan: Plan): Contestant {
  const { steps, sampler, eta, seeds, noise } = sampling;
  return { name, plan, ...read, steps, sampler, eta, seeds, noise };
}

/** How many images a job makes. */
export function countOf({ sampling }: Job): number {
  return sampling.seeds.length;
}

/** The images of a job, in their order. */
export function imagesOf({ chosen, sampling }: Job): readonly ImageProvenance[] {
  return sampling.conditioning.conditions.map((condition, i) => {
    const name = nameOfCondition(condition, chosen.model.takes);
    const begun = sampling.noise ? { noise: sampling.noiseFile ?? '' } : { seed: jsonSeed(sampling.seeds[i]!) };
    return { condition: typeof condition === 'number' ? condition : name, name, ...begun };
  });
}

function jsonSeed(seed: number | bigint): number | string {
  return typeof seed === 'bigint' ? String(seed) : seed;
}

/** How some images of a job are made, by default all. */
export function provenanceOf(job: Job, images: readonly ImageProvenance[] = imagesOf(job)): Provenance {
  const { chosen, companions, schedule, sampling } = job;
  const { name, model, fingerprint } = chosen;
  const image = companions.decoder?.image;
  return {
    version: VERSION,
    model: { name, family: model.family, flavour: model.flavour, fingerprint },
    schedule: namedSchedule(schedule),
    steps: sampling.steps.count,
    sampler: sampling.sampler,
    ...(sampling.sampler === 'ddim' && { eta: sampling.eta }),
    timesteps: sampling.rule,
    ...(sampling.sde && { sde: sampling.sde }),
    guidance: sampling.conditioning.scale,
    ...(sampling.negative !== undefined && { negative: sampling.negative }),
    ...(image && { width: image.width, height: image.height }),
    images,
  };
}
