import type { Schedule } from '@procache/core';
import { checkOptions, type Fields } from '@procache/core/untrusted';
import { type Evaluator, type Objective, lossesOf, mean, type Scores, type Signal } from './scoring/evaluator.ts';
import { type MeanInterval, meanInterval, pairedDifference } from './scoring/interval.ts';
import { paretoFront } from './scoring/pareto.ts';
import { AssessmentDesk, LimitReached } from './assessment-desk.ts';
import type { Alphabet } from './space/alphabet.ts';
import { race } from './strategies/halving.ts';
import type { Study } from './study/study.ts';

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

/** A way of searching: asks for assessments until it has seen enough. */
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

/** What is done with the best patterns once a strategy has ended. */
export interface FinalRace {
  /** Seeds that the strategy has not seen, so that what they say is not what the search has selected for. */
  readonly seeds: readonly number[];
  /** How many patterns take part. */
  readonly count: number;
}

export interface SearchOptions {
  readonly strategy: Strategy;
  readonly evaluator: Evaluator;
  readonly alphabet: Alphabet;
  readonly study: Study;
  readonly random: () => number;
  /** By default everything. */
  readonly affords?: (pattern: string) => boolean;
  /** How many evaluations may run side by side; 1 unless given. */
  readonly parallel?: number;
  /**
   * After so many images the strategy ends with what it has; by default when it has seen enough.
   *
   * A count and not a time, and images that the study knew count too: so that a search which is
   * resumed, on a slower machine perhaps, ends where it would have ended.
   */
  readonly mostImages?: number;
  /** The best patterns race on fresh seeds; the best is who wins there. None unless given. */
  readonly final?: FinalRace | undefined;
  readonly signal?: Signal | undefined;
  /**
   * Awaited in the middle of long computations, to let the host do something else: `() => new Promise(setImmediate)`.
   * By default nothing is done.
   */
  readonly pause?: (() => Promise<void>) | undefined;
  readonly onAssessed?: ((event: SearchProgress) => void) | undefined;
}

const FIELDS: Fields<SearchOptions> = {
  strategy: true,
  evaluator: true,
  alphabet: true,
  study: true,
  random: true,
  affords: true,
  parallel: true,
  mostImages: true,
  final: true,
  signal: true,
  pause: true,
  onAssessed: true,
};

/** Where a search stands. */
export interface SearchProgress {
  readonly assessment: Assessment;
  /** Whether the study knew it already. */
  readonly known: boolean;
  /** The best so far of those that were assessed on all seeds. */
  readonly best: Assessment | undefined;
  /** Evaluations done, those that the study knew left out. */
  readonly evaluations: number;
  /** Images that were asked for, each once, those that the study knew included. */
  readonly images: number;
}

export interface SearchResult {
  /** The winner of the final race, on its seeds; without one the first of the ranking. */
  readonly best: Assessment;
  /** The mean loss of the best, and how sure it is. */
  readonly interval: MeanInterval;
  /**
   * How much worse the best of those is that do something else, pair by pair; above 0 all through where the best is
   * surely better.
   */
  readonly lead: MeanInterval | undefined;
  /** All that were assessed on all seeds of the search, the best first. */
  readonly ranking: readonly Assessment[];
  /** Those that were assessed on all seeds of the final race, the best first; empty without one. */
  readonly finalists: readonly Assessment[];
  /** Those of the ranking that no other beats in all objectives and in computed steps. */
  readonly front: readonly Assessment[];
  readonly evaluations: number;
}

/**
 * Runs a strategy, lets its best patterns race on fresh seeds, and says what it found.
 *
 * Where it is stopped by its signal or by an error, everything that was evaluated is in the study.
 */
export async function runSearch(options: SearchOptions): Promise<SearchResult> {
  checkOptions('runSearch', options, FIELDS);
  checkOptions('final', options.final ?? {}, { seeds: true, count: true });
  const { strategy, evaluator, study, random, affords = () => true, final, signal, pause: rest } = options;
  const { seeds } = study.header;
  const desk = new AssessmentDesk(options);
  const pause = async (): Promise<void> => {
    await rest?.();
    signal?.throwIfAborted();
  };
  const search: Search = {
    seeds,
    random,
    affords,
    pause,
    assess: (patterns, own = seeds) => desk.assess(patterns, own),
  };
  await endingAtLimit(strategy.run(search));
  const ranking = desk.ranking();
  const finalists = final ? await finalRace(desk, search, final, ranking) : [];
  const judged = finalists.length > 0 ? finalists : ranking;
  const best = judged[0]!;
  // many patterns do the same
  const second = judged.find(({ losses }) => losses.some((loss, i) => loss !== best.losses[i]));
  return {
    best,
    interval: meanInterval(best.losses),
    lead: second && pairedDifference(second.losses, best.losses),
    ranking,
    finalists,
    front: frontOf(ranking, evaluator.objectives),
    evaluations: desk.evaluations,
  };
}

/** The assessments that no other beats in all objectives and in computed steps. */
export function frontOf(assessments: readonly Assessment[], objectives: readonly Objective[]): readonly Assessment[] {
  return paretoFront(assessments, ({ pattern, scores }) => [
    ...objectives.map((objective) => mean(lossesOf(scores, objective))),
    pattern.split('#').length,
  ]);
}

async function endingAtLimit(running: Promise<void>): Promise<void> {
  try {
    await running;
  } catch (error) {
    if (!(error instanceof LimitReached)) throw error;
  }
}

/** The best of the ranking on fresh seeds; those that are surely worse than the leader drop out on the way. */
function finalRace(
  desk: AssessmentDesk,
  search: Search,
  { seeds, count }: FinalRace,
  ranking: readonly Assessment[],
): Promise<readonly Assessment[]> {
  const distinct = [
    ...new Map(ranking.toReversed().map((assessment) => [String(assessment.losses), assessment])).values(),
  ].reverse(); // many patterns do the same
  const best = distinct.slice(0, count).map(({ pattern }) => pattern);
  return race({ ...search, seeds, assess: (patterns, own = seeds) => desk.assess(patterns, own, 'unlimited') }, best, {
    keep: 1,
  });
}
