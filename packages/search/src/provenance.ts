import type { Schedule } from '@procache/core';
import type { SearchResult } from './search.ts';
import type { StudyHeader } from './study/header.ts';
import { mean } from './scoring/evaluator.ts';

/** Under which conditions a schedule is used, or was searched for. */
export interface Conditions {
  /** A hash of the model's weights and configuration. */
  readonly model: string;
  readonly sampler: string;
  readonly steps: number;
  readonly guidance: number;
}

/** The best schedule of a search, with where it comes from and what it scored in its notes. */
export function found(result: SearchResult, header: StudyHeader): Schedule {
  const { best, interval } = result;
  const { model, sampler, steps, guidance, seeds, versions, strategy, constraints } = header;
  const scores = Object.entries(best.scores).map(([name, score]) => [name, typeof score === 'number' ? score : mean(score)]);
  return {
    ...best.schedule,
    notes: {
      method: 'procache search',
      searched: { model, sampler, steps, guidance },
      seeds,
      strategy,
      constraints,
      versions,
      scores: Object.fromEntries(scores) as unknown,
      interval95: Number.isFinite(interval.low) ? [interval.low, interval.high] : null,
      candidates: result.ranking.length,
    },
  };
}

/**
 * What is different from the conditions that a schedule was searched for, a sentence each.
 *
 * Empty where nothing is, and for schedules whose notes do not say.
 */
export function checkConditions({ notes }: Schedule, conditions: Conditions): readonly string[] {
  const warnings: string[] = [];
  if (typeof notes?.['resampled'] === 'object')
    warnings.push('the schedule was resampled to this number of steps, and nobody has measured it there');
  const searched = notes?.['searched'];
  if (typeof searched !== 'object' || searched === null) return warnings;
  for (const field of ['model', 'sampler', 'steps', 'guidance'] as const) {
    const was = (searched as Partial<Conditions>)[field];
    if (was === undefined || was === conditions[field]) continue;
    warnings.push(
      `the schedule was searched for with ${field} ${was}, and is used with ${field} ${conditions[field]}: its scores do not hold here`,
    );
  }
  return warnings;
}
