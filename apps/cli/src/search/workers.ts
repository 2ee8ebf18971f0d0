import { availableParallelism } from 'node:os';
import type { NodeTransformer } from '@procache/backend-node';
import {
  type Render,
  type Recording,
  joinedRecordings,
  pooledRender,
  record,
  renderer,
  rounded,
} from '@procache/search';
import { trajectoryOf } from '@procache/core';
import { openChosen } from '../generation/open-chosen.ts';
import type { SearchJob } from './job.ts';

/** Models in worker threads, side by side. */
export interface Workers {
  readonly count: number;
  /** One of them, for what is done once. */
  readonly model: NodeTransformer;
  /** Renders with whichever of them are free. */
  readonly render: Render;
  /** Records uncached trajectories of so many seeds, each part with one of the models. */
  readonly record: (seeds: readonly number[], options: RecordingOptions) => Promise<Recording>;
  readonly close: () => Promise<void>;
}

export interface RecordingOptions {
  readonly signal: AbortSignal;
  /** Makes each part, or takes it from where it was kept. */
  readonly keep: (seeds: readonly number[], make: () => Promise<Recording>) => Promise<Recording>;
  /** Called with the share that is done, 0 to 1. */
  readonly onProgress: (share: number) => void;
}

/** Weights larger than this are loaded once, and all threads work on them. */
const LARGE_WEIGHTS = 256 * 2 ** 20;
const FLOAT_BYTES = 4;
/** Images of one trajectory that is recorded. */
const RECORDED_TOGETHER = 4;

/** Opens the models of a search. The caller closes them. */
export async function openWorkers({ flags, chosen, process, conditionOf, steps, space }: SearchJob): Promise<Workers> {
  const { sampler, eta, guidance, stepsOf } = process;
  const cores = availableParallelism();
  const isLarge = chosen.model.parameters * FLOAT_BYTES > LARGE_WEIGHTS;
  const count = flags.workers ?? (isLarge ? 1 : cores);
  const threads = flags.threads ?? Math.max(1, Math.floor(cores / count));
  const options = { thread: 'worker', threads, memory: flags.memory } as const;
  const models = await Promise.all(Array.from({ length: count }, () => openChosen(chosen, options)));
  const [first, ...others] = models.map((model) => renderer(model, { sampler, eta, guidance, stepsOf, conditionOf }));
  const trajectories = { sampler, eta, guidance, steps: stepsOf(steps) };
  const recordPart = async (
    model: NodeTransformer,
    seeds: readonly number[],
    signal: AbortSignal,
    onProgress: (share: number) => void,
  ) =>
    rounded(
      await record(trajectoryOf(model, { ...trajectories, seeds, conditions: seeds.map(conditionOf) }), {
        reuse: space.reuse,
        onProgress,
        signal,
      }),
    );
  return {
    count,
    model: models[0]!,
    render: pooledRender([first!, ...others]),
    async record(seeds, { signal, keep, onProgress }) {
      const parts = partsOf(seeds, RECORDED_TOGETHER);
      const shares = parts.map(() => 0);
      const made: Recording[] = [];
      const open = [...parts.keys()];
      const work = async (model: NodeTransformer): Promise<void> => {
        for (let part = open.shift(); part !== undefined; part = open.shift()) {
          const own = part;
          const report = (share: number): void => {
            shares[own] = share;
            onProgress(shares.reduce((sum, one) => sum + one, 0) / parts.length);
          };
          made[own] = await keep(parts[own]!, () => recordPart(model, parts[own]!, signal, report));
          report(1);
        }
      };
      const working = models.map((model) => work(model).finally(() => void (open.length = 0)));
      await Promise.allSettled(working);
      await Promise.all(working);
      return joinedRecordings(made as [Recording, ...Recording[]]);
    },
    close: async () => {
      await Promise.all(models.map((model) => model.dispose()));
    },
  };
}

function partsOf(seeds: readonly number[], size: number): readonly (readonly number[])[] {
  return Array.from({ length: Math.ceil(seeds.length / size) }, (_, i) => seeds.slice(i * size, (i + 1) * size));
}
