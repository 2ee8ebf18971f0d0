import { uniforms } from '@procache/core';
import type { Recording } from '../recording/recording.ts';
import { runSearch, type SearchResult } from '../running/run-search.ts';
import { comparison } from '../scoring/comparison.ts';
import type { Evaluator } from '../scoring/evaluator.ts';
import { affords, budgetFor, cheapestLetter, type Target } from '../scoring/target.ts';
import type { PatternSpace } from '../space/pattern-space.ts';
import type { Campaign } from './campaign.ts';
import {
  type BudgetSearch,
  expectWork,
  FINALISTS,
  keptReferences,
  RECORDED,
  recordingWork,
  stageOf,
} from './expected-work.ts';
import { type CampaignHost, type Effort, effortSoFar } from './host.ts';
import { judgeAll, type JudgedContestant } from './judging.ts';
import { keptRecording, keptStepTimes, keptTime } from './kept-values.ts';
import { checkSearchable, strategyNamed } from './strategy-names.ts';
import { keptUncached } from './uncached-images.ts';

/** What was found for one budget. */
export interface BudgetOutcome {
  readonly budget: number;
  readonly space: PatternSpace;
  readonly result: SearchResult;
  /** What a generation with the best takes, in milliseconds, where a time was to be kept. */
  readonly milliseconds?: number;
}

/** What a campaign found, and how it stands beside other schedules. */
export interface CampaignOutcome {
  readonly budgets: readonly BudgetOutcome[];
  readonly judged: readonly JudgedContestant[];
  readonly recording: Recording | undefined;
  /** What the search took, without the judging. */
  readonly effort: Effort;
  /** Evaluations of this run; what the study knew is not among them. */
  readonly evaluations: number;
}

/**
 * Searches for every budget, one after another, and judges what was found.
 *
 * Everything that was measured is in the host's study: a campaign that is stopped goes on with it, and ends where it
 * would have ended.
 */
export async function runCampaign(campaign: Campaign, host: CampaignHost): Promise<CampaignOutcome> {
  const { study, meter, render } = host;
  const uncached = keptUncached(campaign, study, render, () =>
    meter.advance('references', keptReferences(campaign, study) * campaign.steps),
  );
  const evaluator = comparison({ render, uncached, measures: campaign.measures });
  const target = await targetOf(campaign, host);
  let recorded: Promise<Recording> | undefined;
  const recording = (): Promise<Recording> => (recorded ??= recordedOf(campaign, host));
  const { alphabet, spaceOf } = campaign.space;
  const searches = target.budgets.map((budget): BudgetSearch => {
    const space = spaceOf(budget);
    return { budget, space, strategy: strategyNamed(campaign.strategy, { alphabet, space, recording }) };
  });
  expectWork(campaign, host, searches);
  const budgets: BudgetOutcome[] = [];
  for (const search of searches)
    budgets.push(await searchOne(campaign, host, search, { evaluator, target: target.of }));
  const effort = effortSoFar(host);
  const found = budgets.map(({ budget, result }) => ({ budget, schedule: result.best.schedule }));
  const judged = await judgeAll(campaign, host, evaluator, found);
  return {
    budgets,
    judged,
    effort,
    recording: await recorded,
    evaluations: budgets.reduce((sum, { result }) => sum + result.evaluations, 0),
  };
}

interface Scoring {
  readonly evaluator: Evaluator;
  readonly target: Target | undefined;
}

async function searchOne(
  campaign: Campaign,
  host: CampaignHost,
  { budget, space, strategy }: BudgetSearch,
  { evaluator, target }: Scoring,
): Promise<BudgetOutcome> {
  const { meter, study, signal, pause, parallel, onProgress, onBest } = host;
  const { seeds, mostImages } = campaign;
  const seen = { images: 0, known: 0 };
  const result = await runSearch({
    strategy,
    evaluator,
    alphabet: campaign.space.alphabet,
    study,
    random: uniforms(campaign.seed),
    signal,
    pause,
    ...(parallel !== undefined && { parallel }),
    ...(target && { affords: affords(target) }),
    ...(mostImages !== undefined && { mostImages }),
    ...(seeds.final.length > 0 && { final: { seeds: seeds.final, count: FINALISTS } }),
    onAssessed: ({ best, known, images, evaluations }) => {
      if (known) seen.known += images - seen.images;
      seen.images = images;
      meter.advance(stageOf(budget), images * budget, seen.known * budget);
      if (best) onBest?.(budget, best);
      onProgress?.({ doing: 'searching', budget, best, tried: evaluations });
    },
  });
  meter.end(stageOf(budget));
  onBest?.(budget, result.best);
  return { budget, space, result, ...(target && { milliseconds: await timeOf(host, result) }) };
}

/** What a generation with the best takes, measured once: the target was kept by what steps take one by one. */
function timeOf({ study, times, onProgress }: CampaignHost, { best }: SearchResult): Promise<number> {
  onProgress?.({ doing: 'timing what was found' });
  return study.keep(keptTime(`milliseconds of ${best.pattern}`), () => times.generation(best.schedule));
}

/**
 * The budgets to search with, and the target where it is a time: measured once, and from then on read from the study.
 */
async function targetOf(
  { budgets, target, space, steps, strategy, spell }: Campaign,
  { study, times, onProgress }: CampaignHost,
): Promise<{ readonly budgets: readonly number[]; readonly of: Target | undefined }> {
  if (budgets || !target) return { budgets: budgets ?? [], of: undefined };
  onProgress?.({ doing: 'timing steps' });
  const measured = await study.keep(keptStepTimes(space.alphabet), times.steps);
  const of = { milliseconds: target.milliseconds, times: measured };
  const budget = budgetFor(of, steps, cheapestLetter(space.alphabet.reused, measured));
  checkSearchable(strategy, space.spaceOf(budget), spell);
  return { budgets: [budget], of };
}

async function recordedOf(
  campaign: Campaign,
  { study, record, meter, signal, onProgress }: CampaignHost,
): Promise<Recording> {
  const { seeds, steps } = campaign;
  const work = recordingWork(campaign);
  const recording = await record(seeds.search.slice(0, RECORDED), {
    signal,
    keep: (part, make) => study.keep(keptRecording(part, steps), make),
    onProgress: (share) => {
      meter.advance('recording', share * work);
      onProgress?.({ doing: 'recording' });
    },
  });
  meter.end('recording');
  return recording;
}
