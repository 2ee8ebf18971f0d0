import { ProCacheError, type Schedule } from '@procache/core';
import { found, provenanceOf, scoresOf } from '../running/provenance.ts';
import { frontOf } from '../running/run-search.ts';
import { computedSteps } from '../space/pattern.ts';
import type { PatternSpace } from '../space/pattern-space.ts';
import type { Assessment } from '../strategies/strategy.ts';
import type { Campaign } from './campaign.ts';
import type { Effort } from './host.ts';
import type { BudgetOutcome, CampaignOutcome } from './run-campaign.ts';

/**
 * The schedule that was found, with what it scored in the final race and where it was judged.
 *
 * @throws {ProCacheError} `invalid-input` for a budget that was not searched.
 */
export function foundSchedule(campaign: Campaign, { budgets, judged }: CampaignOutcome, budget: number): Schedule {
  const outcome = budgets.find((one) => one.budget === budget);
  if (!outcome) {
    const searched = budgets.map((one) => one.budget).join(', ');
    throw new ProCacheError('invalid-input', `budget: ${budget} was not searched; there are ${searched}`);
  }
  const { result, space } = outcome;
  const schedule = found(result, campaign.header);
  const contestant = judged.find((one) => one.kind === 'found' && one.schedule === result.best.schedule);
  return {
    ...schedule,
    notes: {
      ...schedule.notes,
      ...notesOf(campaign, space),
      ...(contestant && { judged: scoresOf(contestant.judged) }),
    },
  };
}

/** The best that a campaign had come by when it was stopped. */
export function bestSoFar(campaign: Campaign, budget: number, assessment: Assessment): Schedule {
  const notes = notesOf(campaign, campaign.space.spaceOf(budget));
  return { ...assessment.schedule, notes: { ...notes, interrupted: true, scores: scoresOf(assessment) } };
}

/** The file that a schedule of some budget is kept in. */
export function scheduleFileName(budget: number): string {
  return `found-${budget}.json`;
}

/** What a schedule of some budget says in its notes of where it comes from. */
function notesOf(
  { header, model, target }: Campaign,
  { constraints }: PatternSpace,
): Readonly<Record<string, unknown>> {
  const { reuse, ...rest } = constraints;
  const bounds = { ...rest, reuse: { least: reuse[0], most: reuse[1] }, ...target };
  return { model: model.name, ...provenanceOf(header), constraints: bounds };
}

/**
 * Every schedule that no other beats in all objectives and in computed steps, over all budgets, as plain data; scores
 * are those of the search.
 */
export function paretoSet({ measures }: Campaign, { budgets }: CampaignOutcome): readonly object[] {
  const ranking = budgets.flatMap(({ result }) => result.ranking);
  return frontOf(ranking, measures).map((assessment) => ({
    computed: computedSteps(assessment.pattern).length,
    scores: scoresOf(assessment),
    schedule: assessment.schedule,
  }));
}

/** All of it as plain data, for programs. `fileOf` says where the schedule of a budget was written, if it was. */
export function outcomeObject(
  { model, header }: Campaign,
  { budgets, judged, effort, evaluations }: CampaignOutcome,
  whole: Effort,
  fileOf: (budget: number) => string | undefined = () => undefined,
): Readonly<Record<string, unknown>> {
  return {
    model: model.name,
    ...provenanceOf(header),
    effort: { ...whole, evaluations, beforeJudging: effort },
    budgets: budgets.map((own) => budgetObject(own, fileOf(own.budget))),
    judged: judged.map(({ name, kind, schedule, computed, multiplyAddRatio, speedup, judged: own }) => ({
      name,
      kind,
      computed,
      steps: schedule.pattern.length,
      pattern: schedule.pattern,
      multiplyAddRatio,
      speedup,
      scores: scoresOf(own),
    })),
  };
}

function budgetObject({ budget, space, result, milliseconds }: BudgetOutcome, file: string | undefined): object {
  const { best, ranking, finalists, lead, evaluations } = result;
  const sure = lead && Number.isFinite(lead.low);
  return {
    computed: budget,
    pattern: best.pattern,
    file,
    patterns: String(space.size),
    ...(milliseconds !== undefined && { milliseconds }),
    evaluations,
    assessed: ranking.length,
    searched: scoresOf(ranking[0]!),
    finalists: finalists.map((finalist) => ({ pattern: finalist.pattern, scores: scoresOf(finalist) })),
    lead: sure ? { mean: lead.mean, interval95: [lead.low, lead.high] } : null,
  };
}
