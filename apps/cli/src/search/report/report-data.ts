import { formatSchedule } from '@procache/core';
import type {
  MeanScores,
  PlotPoint,
  ReportedBudget,
  ReportedContestant,
  ReportedObjective,
  Reproduction,
  Samples,
  SearchReport,
} from '@procache/report';
import {
  type Assessment,
  type BranchMovement,
  budgetCurve,
  errorModel,
  meanScore,
  type Objective,
} from '@procache/search';
import type { SearchJob } from '../job.ts';
import { TIMED_IMAGES } from '../judging.ts';
import { foundSchedule } from '../outcome-files.ts';
import type { BudgetOutcome, SearchOutcome } from '../run-search.ts';
import { intervalOf } from '../shown-score.ts';

/** What only the report shows of a search. */
export interface Measured {
  readonly movement: readonly BranchMovement[];
  readonly samples: Samples | undefined;
  readonly commandLine: string;
}

/** A search and its outcome as the plain data that the report is made of. */
export function reportData(
  job: SearchJob,
  outcome: SearchOutcome,
  { movement, samples, commandLine }: Measured,
): SearchReport {
  const { chosen, process, steps, objectives, seeds } = job;
  const [first, ...others] = objectives.measures;
  const plain = ({ name, better, judges }: Objective): ReportedObjective => ({ name, better, judges });
  return {
    model: chosen.name,
    sampler: process.sampler,
    steps,
    guidance: process.guidance?.scale ?? 1,
    objectives: [plain(first), ...others.map(plain)],
    images: {
      search: seeds.search.length,
      final: seeds.final.length,
      judged: outcome.judged.length > 0 ? seeds.judge.length : 0,
    },
    budgets: outcome.budgets.map((own) => budgetData(job, own)),
    judged: outcome.judged.map(({ judged, ...one }): ReportedContestant => ({
      ...one,
      scores: meansOf(job, judged),
      interval: intervalOf(judged, first),
    })),
    timedImages: Math.min(TIMED_IMAGES, seeds.judge.length),
    predicted: predictedCurve(job, outcome),
    samples,
    movement: movement.map(({ branch, change, reuseError }) => ({
      branch,
      change: change.map(({ relativeL1 }) => relativeL1),
      reuseError,
    })),
    reproduction: reproductionOf(job, outcome, commandLine),
  };
}

function meansOf({ objectives }: SearchJob, { scores }: Pick<Assessment, 'scores'>): MeanScores {
  return Object.fromEntries(objectives.measures.map(({ name }) => [name, meanScore(scores, name)]));
}

function budgetData(job: SearchJob, { budget, result }: BudgetOutcome): ReportedBudget {
  const { best, ranking, finalists } = result;
  const { name } = job.objectives.measures[0];
  const final = new Map(finalists.map((finalist) => [finalist.pattern, meanScore(finalist.scores, name)]));
  const distinct = distinctOf(ranking, best.pattern);
  return {
    computed: budget,
    best: meanScore(best.scores, name),
    candidates: distinct.map((one) => ({
      schedule: one.schedule,
      search: meanScore(one.scores, name),
      final: final.get(one.pattern),
      isFound: one.pattern === best.pattern,
    })),
    measured: ranking.map(({ pattern, scores }) => ({ pattern, scores: meansOf(job, { scores }) })),
  };
}

/** One of all that made the same images: what was found, else the first of the ranking. */
function distinctOf(ranking: readonly Assessment[], found: string): readonly Assessment[] {
  const firsts = new Map<string, Assessment>();
  for (const one of ranking) {
    const key = String(one.losses);
    if (!firsts.has(key) || one.pattern === found) firsts.set(key, one);
  }
  return [...firsts.values()];
}

/** How many partial patterns dynamic programming keeps for the curve: few, as a picture needs no better. */
const CURVE_WIDTH = 4;
/** Budgets below the least that was searched. */
const BELOW = 4;

/** The least predicted error of every budget up to the largest that was searched. */
function predictedCurve({ space }: SearchJob, { budgets, recording }: SearchOutcome): readonly PlotPoint[] {
  if (!recording) return [];
  const widest = budgets.reduce((a, b) => (b.budget > a.budget ? b : a));
  const bounds = budgets.map((own) => own.space.constraints.reuse);
  const curve = budgetCurve(errorModel(recording, space.alphabet), {
    constraints: {
      ...widest.space.constraints,
      reuse: [Math.min(...bounds.map(([least]) => least)), Math.max(...bounds.map(([, most]) => most))],
    },
    letters: space.alphabet.reused,
    width: CURVE_WIDTH,
  });
  const first = Math.min(widest.budget - BELOW, ...budgets.map(({ budget }) => budget));
  return curve.flatMap(([best], i) =>
    best && i + 1 >= first ? [{ name: `predicted: ${best.pattern}`, computed: i + 1, score: best.error }] : [],
  );
}

/** What it takes to do it again, and to use what was found. */
function reproductionOf(job: SearchJob, outcome: SearchOutcome, commandLine: string): Reproduction {
  const { header, chosen, seeds } = job;
  const range = (own: readonly number[]): string => (own.length > 0 ? `${own.length}, from ${own[0]!} on` : 'none');
  return {
    facts: [
      ['command', commandLine],
      ['model', `${chosen.name}, fingerprint ${chosen.fingerprint}`],
      ['sampler', `${header.sampler}, ${header.steps} steps, guidance ${header.guidance}`],
      ['seeds of the search', range(seeds.search)],
      ['of the final race', range(seeds.final)],
      ['of the result', range(seeds.judge)],
      [
        'versions',
        Object.entries(header.versions)
          .map(([name, version]) => `${name} ${version}`)
          .join(', '),
      ],
    ],
    files: outcome.budgets.map(({ budget }) => ({
      name: `found-${budget}.json`,
      text: formatSchedule(foundSchedule(job, outcome, budget)),
    })),
  };
}
