import { ProCacheError, type Schedule } from '@procache/core';
import { type Evaluator, lossesOf, mean, type Scores, type Signal } from './scoring/evaluator.ts';
import { type MeanInterval, meanInterval, pairedDifference } from './scoring/interval.ts';
import { paretoFront } from './scoring/pareto.ts';
import { type Alphabet, scheduleFor } from './space/alphabet.ts';
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
  /** Judges patterns on some seeds, all of the search unless given; what the study knows is not evaluated again. In the given order. */
  readonly assess: (patterns: readonly string[], seeds?: readonly number[]) => Promise<readonly Assessment[]>;
}

/**
 * A way of searching: asks for assessments until it has seen enough.
 *
 * What it asks for may depend on nothing but the search it is given. So a search that is resumed
 * asks for the same again, finds it in the study, and ends where it would have ended.
 */
export type Strategy = (search: Search) => Promise<void>;

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
   * After so many images the search ends with what it has; by default when the strategy does.
   *
   * A count and not a time, and images that the study knew count too: so that a search which is
   * resumed, on a slower machine perhaps, ends where it would have ended.
   */
  readonly mostImages?: number;
  readonly signal?: Signal | undefined;
  readonly onAssessed?: ((event: SearchProgress) => void) | undefined;
}

/** Where a search stands. */
export interface SearchProgress {
  readonly assessment: Assessment;
  /** Whether the study knew it already. */
  readonly known: boolean;
  /** The best so far of those that were assessed on all seeds. */
  readonly best: Assessment | undefined;
  /** Evaluations done, those that the study knew left out. */
  readonly evaluations: number;
}

export interface SearchResult {
  readonly best: Assessment;
  /** The mean loss of the best, and how sure it is. */
  readonly interval: MeanInterval;
  /** How much worse the second best is, pair by pair; above 0 all through where the best is surely better. */
  readonly lead: MeanInterval | undefined;
  /** All that were assessed on all seeds, the best first. */
  readonly ranking: readonly Assessment[];
  /** Those of them that no other beats in all objectives and in computed steps. */
  readonly front: readonly Assessment[];
  readonly evaluations: number;
}

/**
 * Runs a strategy, and says what it found.
 *
 * Where it is stopped by its signal or by an error, everything that was evaluated is in the study.
 */
export async function runSearch(options: SearchOptions): Promise<SearchResult> {
  const { strategy, evaluator, study, random, affords = () => true } = options;
  const { seeds } = study.header;
  const desk = new AssessmentDesk(options);
  try {
    await strategy({ seeds, random, affords, assess: (patterns, own = seeds) => desk.assess(patterns, own) });
  } catch (error) {
    if (!(error instanceof LimitReached)) throw error;
  }
  const ranking = [...desk.finished.values()].sort((a, b) => a.loss - b.loss);
  const [best, second] = ranking;
  if (!best) {
    throw new ProCacheError(
      'invalid-input',
      `the search ended after ${desk.images} images, before any pattern was assessed on all ${seeds.length} seeds; raise the limit`,
    );
  }
  const { objectives } = evaluator;
  return {
    best,
    interval: meanInterval(best.losses),
    lead: second && pairedDifference(second.losses, best.losses),
    ranking,
    front: paretoFront(ranking, ({ pattern, scores }) => [
      ...objectives.map((objective) => mean(lossesOf(scores, objective))),
      pattern.split('#').length,
    ]),
    evaluations: desk.evaluations,
  };
}

/** Unwinds a strategy; never leaves this file. */
class LimitReached extends Error {}

/** Answers a strategy's questions from the study, or else from the evaluator. */
class AssessmentDesk {
  readonly finished = new Map<string, Assessment>();
  evaluations = 0;
  /** Images that were asked for in this run, each once. */
  images = 0;
  readonly #asked = new Map<string, Set<number>>();
  #best: Assessment | undefined;
  readonly #options: SearchOptions;

  constructor(options: SearchOptions) {
    this.#options = options;
  }

  async assess(patterns: readonly string[], seeds: readonly number[]): Promise<readonly Assessment[]> {
    const { parallel = 1 } = this.#options;
    const answers = new Map<string, Assessment>();
    const distinct = [...new Set(patterns)];
    const open = distinct.filter((pattern) => this.#admits(pattern, seeds));
    const isLimited = open.length < distinct.length;
    const work = async (): Promise<void> => {
      for (let pattern = open.shift(); pattern !== undefined; pattern = open.shift())
        answers.set(pattern, await this.#assessOne(pattern, seeds));
    };
    const stop = (): void => void (open.length = 0);
    const workers = Array.from({ length: Math.min(parallel, open.length) }, () => work().finally(stop)); // each ends when there is no more, or fails
    await Promise.allSettled(workers);
    await Promise.all(workers);
    if (isLimited) throw new LimitReached();
    return patterns.map((pattern) => answers.get(pattern)!);
  }

  /** Whether there are images left for a pattern on these seeds; if so they are taken. */
  #admits(pattern: string, seeds: readonly number[]): boolean {
    const { mostImages = Infinity } = this.#options;
    const asked = this.#asked.get(pattern) ?? new Set();
    const fresh = seeds.filter((seed) => !asked.has(seed));
    if (this.images + fresh.length > mostImages) return false;
    this.#asked.set(pattern, new Set([...asked, ...fresh]));
    this.images += fresh.length;
    return true;
  }

  async #assessOne(pattern: string, seeds: readonly number[]): Promise<Assessment> {
    const { evaluator, alphabet, study, signal } = this.#options;
    signal?.throwIfAborted();
    const schedule = scheduleFor(pattern, alphabet);
    const missing = study.missingSeeds(schedule, seeds);
    if (missing.length > 0) {
      await study.record(schedule, missing, await evaluator.evaluate(schedule, missing, signal));
      this.evaluations++;
    }
    const scores = study.scoresOf(schedule, seeds);
    if (!scores) throw new Error(`the evaluator left out an objective of ${study.header.objectives.join(', ')}`);
    const losses = lossesOf(scores, evaluator.objectives[0]);
    return this.#report({ pattern, schedule, seeds, scores, losses, loss: mean(losses) }, missing.length === 0);
  }

  #report(assessment: Assessment, known: boolean): Assessment {
    if (assessment.seeds.length === this.#options.study.header.seeds.length) {
      this.finished.set(assessment.pattern, assessment);
      if (!this.#best || assessment.loss < this.#best.loss) this.#best = assessment;
    }
    this.#options.onAssessed?.({ assessment, known, best: this.#best, evaluations: this.evaluations });
    return assessment;
  }
}
