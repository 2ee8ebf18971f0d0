import { compare, type Comparison, timedRun, type TimedRun, type Turn } from '@procache/compare';
import { planOf, type Transformer, uncached } from '@procache/core';
import { openProgressBar, type ProgressBar } from '../terminal/progress-bar.ts';
import type { Screen } from '../screen.ts';
import { contestantOf, decoderOf, type Job } from './job.ts';

/** The images of a job, and what is known of how they were made. */
export interface Made {
  readonly run: TimedRun;
  /** No caching at all, and then the job, where it was asked for: the same noise, the same process, the same moment. */
  readonly comparison: Comparison | undefined;
  /** The latent after each step, where it was asked for. */
  readonly trajectory: readonly Float32Array[];
}

export interface MakeOptions {
  /** Whether the uncached model takes turns with it; in so many rounds. */
  readonly compare?: boolean | undefined;
  readonly rounds?: number | undefined;
  readonly keepTrajectory: boolean;
  readonly screen: Screen;
  readonly signal: AbortSignal;
}

/** Generates the images of a job, and shows how far it is. */
export async function makeImages(job: Job, model: Transformer<unknown>, options: MakeOptions): Promise<Made> {
  const { keepTrajectory, screen, signal, rounds } = options;
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
    onStep: ({ turn, step, latent }: { readonly turn: Turn; readonly step: number; readonly latent: Float32Array }) => {
      bar?.update(step + 1);
      if (keepTrajectory && turn.contestant !== UNCACHED && turn.round === 0) trajectory.push(latent.slice());
    },
  };
  const { plan } = job.schedule;
  try {
    if (!options.compare) {
      const run = await timedRun(model, contestantOf(job, 'generate', plan), looking);
      return { run, comparison: undefined, trajectory };
    }
    const plain = planOf(uncached({ steps: job.sampling.steps.count }), model.topology);
    const contestants = [contestantOf(job, UNCACHED, plain), contestantOf(job, 'cached', plan)];
    const comparison = await compare(model, contestants, { ...looking, rounds, decoder: decoderOf(job) });
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
