import { parseSchedule, type Schedule } from '@procache/core';
import { shown, shownName } from '@procache/core/untrusted';
import type { Assessment } from '../strategies/strategy.ts';
import type { SearchResult } from './run-search.ts';
import { meanInterval } from '../scoring/interval.ts';
import type { StudyHeader } from '../study/header.ts';
import { mean } from '../scoring/evaluator.ts';
import { writtenScore } from '../scoring/written-score.ts';

/** Under which conditions a schedule is used, or was searched for. */
export interface Circumstances {
  /** A hash of the model's weights and configuration. */
  readonly model: string;
  readonly sampler: string;
  readonly steps: number;
  readonly guidance: number;
}

/**
 * The best schedule of a search, with where it comes from and what it scored in its notes.
 *
 * The scores are those on `scores.seeds`: of the final race, where there was one.
 */
export function found({ best, ranking }: SearchResult, header: StudyHeader): Schedule {
  return { ...best.schedule, notes: { ...provenanceOf(header), candidates: ranking.length, scores: scoresOf(best) } };
}

/** Where a schedule comes from that a search has tried. */
export function provenanceOf(header: StudyHeader): Readonly<Record<string, unknown>> {
  const { model, sampler, steps, guidance, images, seeds, versions, strategy, constraints } = header;
  return {
    method: 'procache search',
    searched: { model, sampler, steps, guidance, images },
    seeds: shortList(seeds),
    strategy,
    constraints,
    versions,
  };
}

/**
 * What was measured, for people and programs: the mean of each score, and the interval of the first objective's loss.
 *
 * A mean that is not finite, as the PSNR of images that are equal, is given by its name, so that JSON can say it.
 */
export function scoresOf({
  seeds,
  scores,
  losses,
}: Pick<Assessment, 'seeds' | 'scores' | 'losses'>): Readonly<Record<string, unknown>> {
  const means = Object.entries(scores).map(
    ([name, score]) => [name, writtenScore(typeof score === 'number' ? score : mean(score))] as const,
  );
  const { low, high } = meanInterval(losses);
  return {
    seeds: shortList(seeds),
    ...Object.fromEntries(means),
    ...(Number.isFinite(low) && { interval95: [low, high] }),
  };
}

/** Consecutive seeds as their first and last. */
function shortList(seeds: readonly number[]): unknown {
  const [first, last] = [seeds[0], seeds.at(-1)];
  return seeds.length > 1 && seeds.every((seed, i) => seed === first! + i) ? { first, last } : seeds;
}

/**
 * What is different from the conditions that a schedule was searched for, a sentence each.
 *
 * Empty where nothing is, and for schedules whose notes do not say.
 */
export function checkCircumstances(schedule: Schedule, circumstances: Circumstances): readonly string[] {
  const warnings: string[] = [];
  const { notes } = parseSchedule(schedule);
  if (typeof notes?.['resampled'] === 'object')
    warnings.push('the schedule was resampled to this number of steps, and nobody has measured it there');
  const searched = notes?.['searched'];
  if (typeof searched !== 'object' || searched === null) return warnings;
  for (const field of ['model', 'sampler', 'steps', 'guidance'] as const) {
    const was = (searched as Partial<Record<keyof Circumstances, unknown>>)[field];
    if (was === undefined || was === circumstances[field]) continue;
    warnings.push(
      `the schedule was searched for with ${field} ${named(was)}, and is used with ${field} ` +
        `${named(circumstances[field])}: its scores do not hold here`,
    );
  }
  return warnings;
}

/** A condition for a message; notes may hold anything. */
function named(value: unknown): string {
  return typeof value === 'string' ? shownName(value) : shown(value);
}
