import { trajectoryOf, type Transformer } from '@procache/core';
import { record } from '../recording/record.ts';
import { joinedRecordings, type Recording, rounded } from '../recording/recording.ts';
import type { Signal } from '../scoring/evaluator.ts';
import { pooledRender } from '../scoring/pool.ts';
import { guidanceFor, renderer } from '../scoring/renderer.ts';
import type { Campaign } from './campaign.ts';
import { generationTimes, roundsAfterOne, type GenerationTimesOptions } from './generation-times.ts';
import type { CampaignHost } from './host.ts';

/** Generations that are timed for a speed-up, after one that opens the sessions. */
const ROUNDS = 2;

/**
 * What a campaign needs of models that are open: how they render, record, and are timed. They are used side by side,
 * and have to draw the same images. Whoever opened them disposes of them.
 */
export function modelHost<T>(
  transformers: readonly [Transformer<T>, ...Transformer<T>[]],
  campaign: Campaign,
  options: GenerationTimesOptions,
): Pick<CampaignHost, 'render' | 'record' | 'times' | 'parallel'> {
  const { now, signal } = options;
  const [first, ...others] = transformers.map((transformer) => renderer(transformer, campaign.sampling));
  const render = pooledRender([first!, ...others]);
  return {
    parallel: transformers.length,
    render,
    record: recordTogether(transformers, campaign),
    times: {
      ...generationTimes(transformers[0], campaign, options),
      rendering: async (schedule, seeds) => {
        const times = await roundsAfterOne(ROUNDS, async () => {
          const started = now();
          await render(schedule, seeds, signal);
          return now() - started;
        });
        return Math.min(...times);
      },
    },
  };
}

/** Images of one trajectory that is recorded. */
const RECORDED_TOGETHER = 4;

/**
 * Records in parts of a few seeds, each with a transformer that is free. How they are divided depends on the seeds
 * alone.
 */
function recordTogether<T>(transformers: readonly Transformer<T>[], campaign: Campaign): CampaignHost['record'] {
  return async (seeds, { signal, keep, onProgress }) => {
    const parts = partsOf(seeds, RECORDED_TOGETHER);
    const shares = parts.map(() => 0);
    const made: Recording[] = [];
    const open = [...parts.keys()];
    const work = async (transformer: Transformer<T>): Promise<void> => {
      for (let part = open.shift(); part !== undefined; part = open.shift()) {
        const own = part;
        const report = (share: number): void => {
          shares[own] = share;
          onProgress(shares.reduce((sum, one) => sum + one, 0) / parts.length);
        };
        const options = { seeds: parts[own]!, signal, onProgress: report };
        made[own] = await keep(parts[own]!, () => recordPart(transformer, campaign, options));
        report(1);
      }
    };
    const working = transformers.map((transformer) => work(transformer).finally(() => void (open.length = 0)));
    await Promise.allSettled(working);
    await Promise.all(working);
    return joinedRecordings(made as [Recording, ...Recording[]]);
  };
}

interface PartOptions {
  readonly seeds: readonly number[];
  readonly signal: Signal | undefined;
  readonly onProgress: (share: number) => void;
}

async function recordPart<T>(
  transformer: Transformer<T>,
  { sampling, space, steps }: Campaign,
  { seeds, signal, onProgress }: PartOptions,
): Promise<Recording> {
  const { conditionOf, stepsOf, sampler, eta } = sampling;
  const conditions = seeds.map(conditionOf);
  const guidance = guidanceFor(sampling, conditions);
  const process = { sampler, eta, guidance, steps: stepsOf(steps) };
  const trajectory = trajectoryOf(transformer, { ...process, seeds, conditions });
  return rounded(await record(trajectory, { reuse: space.reuse, onProgress, signal }));
}

function partsOf(seeds: readonly number[], size: number): readonly (readonly number[])[] {
  return Array.from({ length: Math.ceil(seeds.length / size) }, (_, i) => seeds.slice(i * size, (i + 1) * size));
}
