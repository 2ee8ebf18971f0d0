import { homedir } from 'node:os';
import { join } from 'node:path';
import { syntheticModel } from '@procache/backend-node';
import type { Contestant } from '@procache/compare';
import { samplersOf } from '@procache/core';
import { modelOfShape } from '@procache/model';
import { anyConditioning, defaultsOf } from '@procache/pipeline';
import { type ChosenModel, chooseModel, type NamedModel, type ModelFlags } from '../arguments/model-choice.ts';
import { chooseProcess } from '../arguments/sampling.ts';
import { chooseSchedule } from '../arguments/schedule-choice.ts';
import type { Host } from '../host.ts';

/** The options that say what is measured, without those that say how. */
export interface BenchJobFlags extends ModelFlags {
  readonly shape?: string;
  readonly cache?: string;
  readonly schedules?: string;
  readonly steps?: number;
  readonly images?: number;
  readonly guidance?: number;
}

/** A model, and the ways of drawing with it that are measured; the first is uncached. */
export interface BenchJob {
  readonly chosen: ChosenModel;
  readonly contestants: readonly [Contestant, ...Contestant[]];
}

/** Of published sizes, whose weights are random. */
const USUAL_GUIDANCE = 1.5;
/** Images of a generation; of published sizes one, which is slow enough. */
const USUAL_IMAGES = 10;

/** What the options ask for; all of it is checked before the weights of a published size are made. */
export async function chooseBenchJob(flags: BenchJobFlags, host: Host): Promise<BenchJob> {
  const { shape } = flags;
  if (shape === undefined) {
    const chosen = await chooseModel(flags);
    return { chosen, contestants: await contestantsOf(chosen, flags) };
  }
  const name = `${shape} (random weights)`;
  const known = { name, model: await modelOfShape(shape), recommended: undefined, schedules: {} };
  const contestants = await contestantsOf(known, flags);
  const cache = flags.cache ?? join(host.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'procache');
  const folder = await syntheticModel(shape, cache, host.signal);
  return { chosen: { ...(await chooseModel({ model: folder })), name }, contestants };
}

async function contestantsOf(known: NamedModel, flags: BenchJobFlags): Promise<BenchJob['contestants']> {
  const { takes, defaults } = known.model;
  const count = flags.steps ?? defaultsOf(known).steps;
  const knowsNothing = takes.kind === 'texts' || takes.unconditional !== undefined;
  const [sampler] = samplersOf(defaults.path); // it draws no noise in between
  const usual = flags.shape === undefined ? defaultsOf(known).guidance : USUAL_GUIDANCE;
  const asked = { sampler, guidance: flags.guidance ?? (knowsNothing ? usual : undefined) };
  const { stepsOf, scale } = chooseProcess(asked, known);
  const images = flags.images ?? (flags.shape === undefined ? USUAL_IMAGES : 1);
  const { conditions, guidance } = anyConditioning(known.model, images, scale);
  const contestant = async (name: string): Promise<Contestant> => {
    const { plan } = await chooseSchedule({ schedule: name, steps: count }, known, '--schedules');
    return { name, plan, steps: stepsOf(count), conditions, guidance };
  };
  const first = await contestant('uncached');
  const others: Contestant[] = [];
  const schedules = flags.schedules ?? (await usualSchedule(known, count));
  for (const name of new Set(schedules.split(',').map((part) => part.trim())))
    if (name !== first.name) others.push(await contestant(name));
  return [first, ...others];
}

/** The published schedule, where there is one of so many steps. */
async function usualSchedule(known: NamedModel, steps: number): Promise<string> {
  const published = 'procache-published';
  try {
    await chooseSchedule({ schedule: published, steps }, known);
    return published;
  } catch {
    return 'fora-3';
  }
}
