import type { Schedule } from '@procache/core';
import type { Scores } from '../scoring/evaluator.ts';

/** A pattern, and what it scored. */
export interface Assessment {
  readonly pattern: string;
  readonly schedule: Schedule;
  readonly seeds: readonly number[];
  readonly scores: Scores;
  /** The scores of the first objective, so turned that less is better: one per seed, or one for all. */
  readonly losses: readonly number[];
  /** Their mean. */
  readonly loss: number;
}

/** What a strategy is given: a way to judge patterns, and chance. */
export interface Search {
  readonly seeds: readonly number[];
  /** Uniform in [0, 1), from the seed of the search. */
  readonly random: () => number;
  /** Whether a pattern keeps within the target. A strategy assesses none that does not. */
  readonly affords: (pattern: string) => boolean;
  /** Awaited now and then by a strategy that computes for long without assessing anything. */
  readonly pause: () => Promise<void>;
  /**
   * Judges patterns on some seeds, all of the search unless given; what the study knows is not evaluated again. In the
   * given order.
   */
  readonly assess: (patterns: readonly string[], seeds?: readonly number[]) => Promise<readonly Assessment[]>;
}

/**
 * A way of searching: asks for assessments until it has seen enough.
 *
 * One's own is an object with two functions. This one moves a computed step by one place as long as that is better:
 *
 * ```ts
 * import { draw, type PatternSpace, type Strategy } from '@procache/search';
 *
 * const downhill = (space: PatternSpace, rounds: number): Strategy => ({
 *   expectedImages: (seeds) => (1 + rounds) * seeds,
 *   async run({ assess, random }) {
 *     let [best] = await assess([draw(space, random)]);
 *     for (let round = 0; round < rounds; round++) {
 *       const moved = space.settle(best!.pattern.replace('.#', '#.'));
 *       const [next] = await assess([moved ?? best!.pattern]);
 *       if (next!.loss < best!.loss) best = next;
 *     }
 *   },
 * });
 * ```
 *
 * Whatever it has assessed on all seeds is in the result, so it returns nothing.
 */
export interface Strategy {
  /**
   * What it asks for may depend on nothing but the search it is given. So a search that is resumed
   * asks for the same again, finds it in the study, and ends where it would have ended.
   */
  readonly run: (search: Search) => Promise<void>;
  /**
   * About how many images it asks for at most, on so many seeds: to show how far a search has come, and for nothing
   * else.
   */
  readonly expectedImages: (seeds: number) => number;
}
