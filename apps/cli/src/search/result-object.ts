import { provenanceOf, scoresOf } from '@procache/search';
import type { SearchJob } from './job.ts';
import type { Effort } from './effort.ts';
import type { OutcomeFiles } from './outcome-files.ts';
import type { SearchOutcome } from './run-search.ts';

/** What `procache search --json` prints, and `search.json` holds. */
export function resultOf(
  { chosen, header }: SearchJob,
  outcome: SearchOutcome,
  files: OutcomeFiles,
  effort: Effort,
): object {
  return {
    model: chosen.name,
    ...provenanceOf(header),
    effort: { ...effort, evaluations: outcome.evaluations, beforeJudging: outcome.effort },
    budgets: outcome.budgets.map(({ budget, space, result, milliseconds }) => {
      const { best, ranking, finalists, lead, evaluations } = result;
      const sure = lead && Number.isFinite(lead.low);
      return {
        computed: budget,
        pattern: best.pattern,
        file: files.schedules.get(budget),
        patterns: String(space.size),
        ...(milliseconds !== undefined && { milliseconds }),
        evaluations,
        assessed: ranking.length,
        searched: scoresOf(ranking[0]!),
        finalists: finalists.map((finalist) => ({ pattern: finalist.pattern, scores: scoresOf(finalist) })),
        lead: sure ? { mean: lead.mean, interval95: [lead.low, lead.high] } : null,
      };
    }),
    judged: outcome.judged.map(({ name, kind, schedule, computed, multiplyAddRatio, speedup, judged }) => ({
      name,
      kind,
      computed,
      steps: schedule.pattern.length,
      pattern: schedule.pattern,
      multiplyAddRatio,
      speedup,
      scores: scoresOf(judged),
    })),
    pareto: files.pareto,
  };
}
