import { type Schedule, uncached } from '@procache/core';
import { judge, type Judged } from '../running/judge.ts';
import type { Evaluator } from '../scoring/evaluator.ts';
import { keyOf } from '../space/alphabet.ts';
import type { Campaign } from './campaign.ts';
import { type ContestantSchedule, contestantsOf, type FoundSchedule } from './contestants.ts';
import type { CampaignHost } from './host.ts';
import { keptTime } from './kept-values.ts';

/** A schedule, what it scored, and what it takes. */
export interface JudgedContestant extends ContestantSchedule {
  readonly judged: Judged;
  /** By the clock, how many times faster than uncached. */
  readonly speedup: number;
}

/** Images of a generation that is timed. */
export const TIMED_IMAGES = 4;

/** What was found and what stands beside it, on seeds that the search has not seen; nothing where there are none. */
export async function judgeAll(
  campaign: Campaign,
  host: CampaignHost,
  evaluator: Evaluator,
  found: readonly FoundSchedule[],
): Promise<readonly JudgedContestant[]> {
  const { seeds } = campaign;
  const { study, meter, signal, onProgress } = host;
  if (seeds.judge.length === 0) return [];
  const contestants = contestantsOf(campaign, found);
  const work = judgingWork(campaign, contestants);
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
        onProgress?.({ doing: 'judging' });
      },
    },
  );
  onProgress?.({ doing: 'timing what is judged' });
  const none = await timeOf(uncached({ steps: campaign.steps }), campaign, host);
  const times: number[] = [];
  for (const { schedule } of contestants) times.push(await timeOf(schedule, campaign, host));
  return contestants.map((contestant, i) => ({ ...contestant, judged: judged[i]!, speedup: none / times[i]! }));
}

/** How much there is to judge, in computed steps of one image. */
export function judgingWork({ seeds }: Campaign, contestants: readonly ContestantSchedule[]): number {
  return contestants.reduce((sum, { computed }) => sum + computed * seeds.judge.length, 0);
}

/** Milliseconds of a generation with a schedule: measured once, and from then on read from the study. */
function timeOf(schedule: Schedule, { seeds }: Campaign, { study, times }: CampaignHost): Promise<number> {
  const images = seeds.judge.slice(0, TIMED_IMAGES);
  return study.keep(keptTime(`time of ${keyOf(schedule)}`), () => times.rendering(schedule, images));
}
