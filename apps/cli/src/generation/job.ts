import type { Contestant } from '@procache/compare';
import type { Decoder, Plan } from '@procache/core';
import type { ImageProvenance, Provenance } from '@procache/pictures';
import { nameOfCondition, pixelDecoder } from '@procache/pipeline';
import type { ChosenModel } from '../arguments/model-choice.ts';
import type { Sampling } from '../arguments/sampling.ts';
import { type ChosenSchedule, namedSchedule } from '../arguments/schedule-choice.ts';
import { VERSION } from '../version.ts';

/** What is generated, with what, and how. */
export interface Job {
  readonly chosen: ChosenModel;
  readonly schedule: ChosenSchedule;
  readonly sampling: Sampling;
}

/** The images of a job, drawn by following a plan. */
export function contestantOf({ sampling }: Job, name: string, plan: Plan): Contestant {
  const { conditions, steps, sampler, eta, guidance, seeds, noise } = sampling;
  return { name, plan, conditions, steps, sampler, eta, guidance, seeds, noise };
}

/** What makes pixels of a job's latents; nothing where the model works on latents that nobody decodes yet. */
export function decoderOf({ chosen }: Job): Decoder | undefined {
  return pixelDecoder(chosen.model);
}

/** The images of a job, in their order. */
export function imagesOf({ chosen, sampling }: Job): readonly ImageProvenance[] {
  return sampling.conditions.map((condition, i) => {
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
  const { chosen, schedule, sampling } = job;
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
    images,
  };
}
