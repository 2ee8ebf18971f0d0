import { ProCacheError, type Schedule } from '@procache/core';

/** Something that schedules are judged by. */
export interface Objective {
  readonly name: string;
  readonly better: 'lower' | 'higher';
  /** Whether it gives a number for each image, or one for all images together. */
  readonly judges: 'image' | 'set';
}

/** By objective: one number per seed, or one number for all seeds together, as a Frechet distance is. */
export type Scores = Readonly<Record<string, readonly number[] | number>>;

/** Whatever may ask a search to stop; an `AbortSignal` is one. */
export interface Signal {
  throwIfAborted(): void;
}

/**
 * Judges a schedule by the images of some seeds. The application supplies it; `comparison` makes one.
 *
 * The same schedule and seeds must give the same scores each time: a study never asks twice.
 */
export interface Evaluator {
  /** The first is the one that a search improves; the others are recorded, and make up the Pareto front. */
  readonly objectives: readonly [Objective, ...Objective[]];
  evaluate(schedule: Schedule, seeds: readonly number[], signal?: Signal): Promise<Scores>;
}

/** The scores of one objective as losses, of which less is better; one that is not a number is the worst there is. */
export function lossesOf(scores: Scores, { name, better }: Objective): readonly number[] {
  const own = scores[name];
  if (own === undefined)
    throw new ProCacheError(
      'invalid-input',
      `the evaluator gives no score '${name}' (it gives ${Object.keys(scores).join(', ')})`,
    );
  return (typeof own === 'number' ? [own] : own).map((score) =>
    Number.isNaN(score) ? Infinity : better === 'lower' ? score : -score,
  );
}

/** The mean of some numbers, of which there is at least one. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Refuses names that the evaluator has no objective of: before anything is computed. */
export function checkObjectives(names: readonly string[], { objectives }: Pick<Evaluator, 'objectives'>): void {
  const known = objectives.map(({ name }) => name);
  const missing = names.find((name) => !known.includes(name));
  if (missing === undefined) return;
  throw new ProCacheError(
    'invalid-input',
    `there is no objective '${missing}' here (there are ${known.join(', ')}); ` +
      `give the data that it needs, or leave it out`,
  );
}
