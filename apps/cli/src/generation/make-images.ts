import { compare, type Comparison, timedRun, type TimedRun, type Turn, type TurnStep } from '@procache/compare';
import { planOf, type Transformer, uncached } from '@procache/core';
import { openProgressBar, type ProgressBar } from '../terminal/progress-bar.ts';
import type { Screen } from '../screen.ts';
import { contestantOf, type Job, type ReadConditions } from './job.ts';

/** The images of a job, and what is known of how they were made. */
export interface Made {
  readonly run: TimedRun;
  /** No caching at all, and then the job, where it was asked for: the same noise, the same process, the same moment. */
  readonly comparison: Comparison | undefined;
  /** The latent after each step, where it was asked for. */
  readonly trajectory: readonly Float32Array[];
}

export interface MakeOptions {
  readonly read: ReadConditions;
  /** Whether the uncached model takes turns with it; in so many rounds. */
  readonly compare?: boolean | undefined;
  readonly rounds?: number | undefined;
  readonly keepTrajectory: boolean;
  /** Shows the clean latents after every so many steps, if after any. */
  readonly previewEvery?: number | undefined;
  readonly preview: (clean: Float32Array, taken: number) => Promise<void>;
  readonly screen: Screen;
  readonly signal: AbortSignal;
}

/** Generates the images of a job, and shows how far it is. */
export async function makeImages(job: Job, model: Transformer<unknown>, options: MakeOptions): Promise<Made> {
  const { keepTrajectory, previewEvery, screen, signal, rounds, read } = options;
  const trajectory: Float32Array[] = [];
  const now = () => performance.now();
  let bar: ProgressBar | undefined;
  const looking = {
    now,
    signal,
    onTurn: (turn: Turn) => {
      bar?.clear();
      bar = openProgressBar(turn.pattern, { terminal: screen.progress, now, label: wordsOf(turn) });
    },
    onStep: async ({ turn, step, latent, clean }: TurnStep) => {
      bar?.update(step + 1);
      if (keepTrajectory && turn.contestant !== UNCACHED && turn.round === 0) trajectory.push(latent.slice());
      const taken = step + 1;
      if (previewEvery !== undefined && taken % previewEvery === 0) await options.preview(clean, taken);
    },
  };
  const { plan } = job.schedule;
  try {
    if (!options.compare) {
      const run = await timedRun(model, contestantOf(job, read, 'generate', plan), looking);
      return { run, comparison: undefined, trajectory };
    }
    const plain = planOf(uncached({ steps: job.sampling.steps.count }), model.topology);
    const contestants = [contestantOf(job, read, UNCACHED, plain), contestantOf(job, read, 'cached', plan)];
    const comparison = await compare(model, contestants, { ...looking, rounds, decoder: job.companions.decoder });
    return { run: comparison.results[1]!.last, comparison, trajectory };
  } finally {
    bar?.clear();
  }
}

const UNCACHED = 'uncached';

function wordsOf({ contestant, round }: Turn): string {
  if (contestant === 'generate') return contestant;
  return round === undefined ? 'warm-up' : `${contestant}, round ${round + 1}`;
}
