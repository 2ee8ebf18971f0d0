import { scheduleFor } from '../space/alphabet.ts';
import type { PatternSpace } from '../space/pattern-space.ts';
import type { Strategy } from '../strategies/strategy.ts';
import type { Study } from '../study/study.ts';
import type { Campaign } from './campaign.ts';
import { contestantsOf } from './contestants.ts';
import type { CampaignHost } from './host.ts';
import { judgingWork } from './judging.ts';
import { needsRecording } from './strategy-names.ts';
import { isKept } from './uncached-images.ts';

/** Images whose uncached trajectories are recorded. */
export const RECORDED = 8;
/** Steps at which a recording probes how far errors reach; as `record` does unless told. */
const PROBES = 8;
/** The best patterns that race on fresh seeds. */
export const FINALISTS = 4;

/** What is searched for one budget. */
export interface BudgetSearch {
  readonly budget: number;
  readonly space: PatternSpace;
  readonly strategy: Strategy;
}

/** Tells the meter what is to come, in computed steps of one image. */
export function expectWork(
  campaign: Campaign,
  { meter, study }: CampaignHost,
  searches: readonly BudgetSearch[],
): void {
  const { seeds, steps, space: all, strategy: options, mostImages = Infinity } = campaign;
  const { search, final, judge: judging } = seeds;
  const known = keptReferences(campaign, study) * steps;
  meter.expect('references', (search.length + final.length + judging.length) * steps);
  meter.advance('references', known, known);
  if (searches.some(({ space }) => needsRecording(options, space))) meter.expect('recording', recordingWork(campaign));
  for (const { budget, strategy } of searches) {
    const images = Math.min(strategy.expectedImages(search.length), mostImages);
    meter.expect(stageOf(budget), (images + FINALISTS * final.length) * budget);
  }
  const any = searches.map(({ budget, space }) => ({ budget, schedule: scheduleFor(space.at(0n), all.alphabet) }));
  meter.expect('judging', judgingWork(campaign, contestantsOf(campaign, any)));
}

/** What the meter calls the search for a budget. */
export function stageOf(budget: number): string {
  return `${budget} computed`;
}

/** About as many evaluations of the model as `record` makes, for each image. */
export function recordingWork({ seeds, steps, space }: Campaign): number {
  const families = new Set(space.reuse.map(({ span }) => String(span))).size;
  return Math.min(RECORDED, seeds.search.length) * (steps + families * steps + (PROBES * steps) / 2);
}

/** How many uncached images the study has. */
export function keptReferences({ seeds }: Campaign, study: Study): number {
  return [...seeds.search, ...seeds.final, ...seeds.judge].filter((seed) => isKept(study, seed)).length;
}
