import { formatSchedule } from '@procache/core';
import {
  type Assessment,
  type BranchMovement,
  type BudgetOutcome,
  budgetCurve,
  type Campaign,
  type CampaignOutcome,
  errorModel,
  foundSchedule,
  intervalOf,
  meanScore,
  type Objective,
  scheduleFileName,
  TIMED_IMAGES,
} from '@procache/search';
import type { PlotPoint } from './budget-plot.ts';
import type { Samples } from './samples.ts';
import type { MeanScores, ReportedBudget, ReportedContestant, ReportedObjective, SearchReport } from './report-data.ts';
import type { Reproduction } from './sections/reproduction.ts';

/** What the page shows of a search besides its outcome. */
export interface ReportExtras {
  readonly movement: readonly BranchMovement[];
  /** Undefined where nothing decodes what the model draws. */
  readonly samples: Samples | undefined;
  /** What runs the same search again. */
  readonly commandLine: string;
}

/** A campaign and its outcome as the plain data that the page is made of. */
export function campaignReport(campaign: Campaign, outcome: CampaignOutcome, extras: ReportExtras): SearchReport {
  const { model, header, steps, measures, seeds } = campaign;
  const [first, ...others] = measures;
  const plain = ({ name, better, judges }: Objective): ReportedObjective => ({ name, better, judges });
  return {
    model: model.name,
    sampler: header.sampler,
    steps,
    guidance: header.guidance,
    objectives: [plain(first), ...others.map(plain)],
    images: {
      search: seeds.search.length,
      final: seeds.final.length,
      judged: outcome.judged.length > 0 ? seeds.judge.length : 0,
    },
    budgets: outcome.budgets.map((own) => budgetData(campaign, own)),
    judged: outcome.judged.map(({ judged, ...one }): ReportedContestant => ({
      ...one,
      scores: meansOf(campaign, judged),
      interval: intervalOf(judged, first),
    })),
    timedImages: Math.min(TIMED_IMAGES, seeds.judge.length),
    predicted: predictedCurve(campaign, outcome),
    samples: extras.samples,
    movement: extras.movement.map(({ branch, change, reuseError }) => ({
      branch,
      change: change.map(({ relativeL1 }) => relativeL1),
      reuseError,
    })),
    reproduction: reproductionOf(campaign, outcome, extras.commandLine),
  };
}

function meansOf({ measures }: Campaign, { scores }: Pick<Assessment, 'scores'>): MeanScores {
  return Object.fromEntries(measures.map(({ name }) => [name, meanScore(scores, name)]));
}

function budgetData(campaign: Campaign, { budget, result }: BudgetOutcome): ReportedBudget {
  const { best, ranking, finalists } = result;
  const { name } = campaign.measures[0];
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
    measured: ranking.map(({ pattern, scores }) => ({ pattern, scores: meansOf(campaign, { scores }) })),
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
function predictedCurve({ space }: Campaign, { budgets, recording }: CampaignOutcome): readonly PlotPoint[] {
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
function reproductionOf(campaign: Campaign, outcome: CampaignOutcome, commandLine: string): Reproduction {
  const { header, model, seeds } = campaign;
  const range = (own: readonly number[]): string => (own.length > 0 ? `${own.length}, from ${own[0]!} on` : 'none');
  return {
    facts: [
      ['command', commandLine],
      ['model', `${model.name}, fingerprint ${model.fingerprint}`],
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
      name: scheduleFileName(budget),
      text: formatSchedule(foundSchedule(campaign, outcome, budget)),
    })),
  };
}
