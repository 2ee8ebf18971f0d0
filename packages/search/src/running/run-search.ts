import { checkOptions, type Fields } from '@procache/core/untrusted';
import { checkObjectives, type Objective, lossesOf, mean } from '../scoring/evaluator.ts';
import { type MeanInterval, meanInterval, pairedDifference } from '../scoring/interval.ts';
import { paretoFront } from '../scoring/pareto.ts';
import { computedSteps } from '../space/pattern.ts';
import { race } from '../strategies/race.ts';
import type { Assessment, Search, Strategy } from '../strategies/strategy.ts';
import { AssessmentDesk, type AssessmentOptions, LimitReached } from './assessment-desk.ts';

/** What is done with the best patterns once a strategy has ended. */
export interface FinalRace {
  /** Seeds that the strategy has not seen, so that what they say is not what the search has selected for. */
  readonly seeds: readonly number[];
  /** How many patterns take part. */
  readonly count: number;
}

export interface SearchOptions extends AssessmentOptions {
  readonly strategy: Strategy;
  readonly random: () => number;
  /** By default everything. */
  readonly affords?: (pattern: string) => boolean;
  /** The best patterns race on fresh seeds; the best is who wins there. None unless given. */
  readonly final?: FinalRace | undefined;
  /**
   * Awaited in the middle of long computations, to let the host do something else: `() => new Promise(setImmediate)`.
   * By default nothing is done.
   */
  readonly pause?: (() => Promise<void>) | undefined;
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
  checkObjectives(study.header.objectives, evaluator);
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
    computedSteps(pattern).length,
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
