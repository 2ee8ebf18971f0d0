import { type Schedule, uncached } from '@procache/core';
import { type Evaluator, judge, type Judged, keyOf } from '@procache/search';
import { type Contestant, contestantsOf } from './contestants.ts';
import type { Desk } from './desk.ts';
import type { SearchJob } from './job.ts';
import { keptTime } from './kept-values.ts';

/** A schedule, what it scored, and what it takes. */
export interface JudgedContestant extends Contestant {
  readonly judged: Judged;
  /** By the clock, how many times faster than uncached on one of the workers. */
  readonly speedup: number;
}

/** Images of a generation that is timed. */
export const TIMED_IMAGES = 4;
/** Generations that are timed, after one that opens the sessions. */
const ROUNDS = 2;

/** What was found and what stands beside it, on seeds that the search has not seen; nothing where there are none. */
export async function judgeAll(
  job: SearchJob,
  desk: Desk,
  evaluator: Evaluator,
  found: readonly { readonly budget: number; readonly schedule: Schedule }[],
): Promise<readonly JudgedContestant[]> {
  const { seeds } = job;
  const { study, meter, progress, signal } = desk;
  if (seeds.judge.length === 0) return [];
  const contestants = contestantsOf(job, found);
  const work = judgingWork(job, contestants);
  meter.expect('judging', work);
  const judged = await judge(
    contestants.map(({ schedule }) => schedule),
    {
      evaluator,
      study,
      seeds: seeds.judge,
      signal,
      onProgress: (done, total) => {
        meter.advance('judging', (work * done) / total);
        progress.show(`judging on ${seeds.judge.length} fresh images`);
      },
    },
  );
  progress.show('timing what was judged');
  const none = await timeOf(uncached({ steps: job.steps }), job, desk);
  const times: number[] = [];
  for (const { schedule } of contestants) times.push(await timeOf(schedule, job, desk));
  return contestants.map((contestant, i) => ({ ...contestant, judged: judged[i]!, speedup: none / times[i]! }));
}

/** How much there is to judge, in computed steps of one image. */
export function judgingWork({ seeds }: SearchJob, contestants: readonly Contestant[]): number {
  return contestants.reduce((sum, { computed }) => sum + computed * seeds.judge.length, 0);
}

/**
 * Milliseconds of a generation with a schedule, the shortest of a few; measured once, and from then on read from the
 * study.
 */
function timeOf(schedule: Schedule, { seeds }: SearchJob, { study, workers, signal }: Desk): Promise<number> {
  const images = seeds.judge.slice(0, TIMED_IMAGES);
  return study.keep(keptTime(`time of ${keyOf(schedule)}`), () =>
    shortestTime(() => workers.render(schedule, images, signal)),
  );
}

async function shortestTime(run: () => Promise<unknown>): Promise<number> {
  await run();
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const started = performance.now();
    await run();
    times.push(performance.now() - started);
  }
  return Math.min(...times);
}
