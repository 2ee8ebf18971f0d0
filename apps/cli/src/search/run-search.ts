import { uniforms } from '@procache/core';
import {
  affords,
  budgetFor,
  comparison,
  type Evaluator,
  meanScore,
  type PatternSpace,
  type Recording,
  runSearch,
  scheduleFor,
  type SearchResult,
  type Strategy,
  type Study,
  type Target,
} from '@procache/search';
import { contestantsOf } from './contestants.ts';
import type { Desk } from './desk.ts';
import { type Effort, effortSoFar } from './effort.ts';
import type { SearchJob } from './job.ts';
import { judgeAll, type JudgedContestant, judgingWork } from './judging.ts';
import { keptRecording, keptStepTimes, keptTime } from './kept-values.ts';
import { ofSameModel } from './same-model.ts';
import { shownScore } from './shown-score.ts';
import { cheapestLetter, measureGeneration, measureStepTimes } from './step-times.ts';
import { checkStrategy, needsRecording, strategyFor } from './strategy-choice.ts';
import { isKept, keptUncached } from './uncached-images.ts';

/** What was found for one budget. */
export interface BudgetOutcome {
  readonly budget: number;
  readonly space: PatternSpace;
  readonly result: SearchResult;
  /** What a generation with the best takes, in milliseconds, where a time was to be kept. */
  readonly milliseconds?: number;
}

/** What a search found, and how it stands beside other schedules. */
export interface SearchOutcome {
  readonly budgets: readonly BudgetOutcome[];
  readonly judged: readonly JudgedContestant[];
  readonly recording: Recording | undefined;
  /** What the search took, without the judging. */
  readonly effort: Effort;
  /** Evaluations of this run; what the study knew is not among them. */
  readonly evaluations: number;
}

/** Images whose uncached trajectories are recorded. */
const RECORDED = 8;
/** Steps at which a recording probes how far errors reach; as `record` does unless told. */
const PROBES = 8;
/** The best patterns that race on fresh seeds. */
const FINALISTS = 4;

/** Searches for every budget, one after another, and judges what was found. */
export async function runJob(job: SearchJob, desk: Desk): Promise<SearchOutcome> {
  const { study, workers, meter } = desk;
  const { render } = workers;
  const uncached = keptUncached(job, study, render, () =>
    meter.advance('references', keptReferences(job, study) * job.steps),
  );
  const evaluator = ofSameModel(job.chosen, comparison({ render, uncached, measures: job.objectives.measures }));
  const target = await targetOf(job, desk);
  let recorded: Promise<Recording> | undefined;
  const recording = (): Promise<Recording> => (recorded ??= recordedOf(job, desk));
  const searches = target.budgets.map((budget): BudgetSearch => {
    const space = job.space.spaceOf(budget);
    return {
      budget,
      space,
      strategy: strategyFor({ ...job.flags, alphabet: job.space.alphabet, space, recording }),
      target: target.of,
    };
  });
  expectWork(job, desk, searches);
  const budgets: BudgetOutcome[] = [];
  for (const search of searches) budgets.push(await searchOne(job, desk, search, evaluator));
  const effort = effortSoFar(meter);
  const judged = await judgeAll(
    job,
    desk,
    evaluator,
    budgets.map(({ budget, result }) => ({ budget, schedule: result.best.schedule })),
  );
  return {
    budgets,
    judged,
    effort,
    recording: await recorded,
    evaluations: budgets.reduce((sum, { result }) => sum + result.evaluations, 0),
  };
}

interface BudgetSearch {
  readonly budget: number;
  readonly space: PatternSpace;
  readonly strategy: Strategy;
  readonly target: Target | undefined;
}

/** Tells the meter what is to come, in computed steps of one image. */
function expectWork(job: SearchJob, { meter, study }: Desk, searches: readonly BudgetSearch[]): void {
  const { search, final, judge: judging } = job.seeds;
  const known = keptReferences(job, study) * job.steps;
  meter.expect('references', (search.length + final.length + judging.length) * job.steps);
  meter.advance('references', known, known);
  if (searches.some(({ space }) => needsRecording(job.flags, space))) meter.expect('recording', recordingWork(job));
  for (const { budget, strategy } of searches) {
    const images = Math.min(strategy.expectedImages(search.length), job.flags.mostImages ?? Infinity);
    meter.expect(stageOf(budget), (images + FINALISTS * final.length) * budget);
  }
  const any = searches.map(({ budget, space }) => ({
    budget,
    schedule: scheduleFor(space.at(0n), job.space.alphabet),
  }));
  meter.expect('judging', judgingWork(job, contestantsOf(job, any)));
}

async function searchOne(
  job: SearchJob,
  desk: Desk,
  { budget, space, strategy, target }: BudgetSearch,
  evaluator: Evaluator,
): Promise<BudgetOutcome> {
  const { meter, progress, signal, study, workers } = desk;
  const { flags, seeds } = job;
  const seen = { images: 0, known: 0 };
  const result = await runSearch({
    strategy,
    evaluator,
    alphabet: job.space.alphabet,
    study,
    random: uniforms(flags.seed),
    parallel: workers.count,
    signal,
    pause: () => new Promise((resume) => setImmediate(resume)),
    ...(target && { affords: affords(target) }),
    ...(flags.mostImages !== undefined && { mostImages: flags.mostImages }),
    ...(seeds.final.length > 0 && { final: { seeds: seeds.final, count: FINALISTS } }),
    onAssessed: ({ best, known, images, evaluations }) => {
      if (known) seen.known += images - seen.images;
      seen.images = images;
      meter.advance(stageOf(budget), images * budget, seen.known * budget);
      if (best) desk.onBest(budget, best);
      const score = best ? `best ${shownScore(meanScore(best.scores, job.objectives.measures[0].name))}, ` : '';
      progress.show(`${budget} computed: ${score}${evaluations} tried`);
    },
  });
  meter.end(stageOf(budget));
  desk.onBest(budget, result.best);
  return { budget, space, result, ...(target && { milliseconds: await timeOf(job, desk, result) }) };
}

/** What a generation with the best takes, measured once: the target was kept by what steps take one by one. */
function timeOf(job: SearchJob, { study, signal, progress }: Desk, { best }: SearchResult): Promise<number> {
  progress.show('timing what was found');
  return study.keep(keptTime(`milliseconds of ${best.pattern}`), () => measureGeneration(job, best.schedule, signal));
}

function stageOf(budget: number): string {
  return `${budget} computed`;
}

/**
 * The budgets to search with, and the target where it is a time: measured once, and from then on read from the study.
 */
async function targetOf(
  job: SearchJob,
  { study, signal, progress }: Desk,
): Promise<{ readonly budgets: readonly number[]; readonly of: Target | undefined }> {
  const { budgets, flags, space, steps } = job;
  if (budgets) return { budgets, of: undefined };
  progress.show('measuring what steps take');
  const times = await study.keep(keptStepTimes(space.alphabet), () => measureStepTimes(job, signal));
  const target = { milliseconds: flags.target!, times };
  const budget = budgetFor(target, steps, cheapestLetter(space.alphabet, times));
  checkStrategy(flags, space.spaceOf(budget));
  return { budgets: [budget], of: target };
}

async function recordedOf(job: SearchJob, { study, workers, meter, progress, signal }: Desk): Promise<Recording> {
  const work = recordingWork(job);
  const recording = await workers.record(job.seeds.search.slice(0, RECORDED), {
    signal,
    keep: (part, make) => study.keep(keptRecording(part, job.steps), make),
    onProgress: (share) => {
      meter.advance('recording', share * work);
      progress.show('recording uncached trajectories');
    },
  });
  meter.end('recording');
  return recording;
}

/** About as many evaluations of the model as `record` makes, for each image. */
function recordingWork({ seeds, steps, space }: SearchJob): number {
  const families = new Set(space.reuse.map(({ span }) => String(span))).size;
  return Math.min(RECORDED, seeds.search.length) * (steps + families * steps + (PROBES * steps) / 2);
}

function keptReferences({ seeds }: SearchJob, study: Study): number {
  return [...seeds.search, ...seeds.final, ...seeds.judge].filter((seed) => isKept(study, seed)).length;
}
