import { ProCacheError } from '@procache/core';
import { type Evaluator, lossesOf, mean, type Signal } from '../scoring/evaluator.ts';
import { type Alphabet, scheduleFor } from '../space/alphabet.ts';
import type { Assessment } from '../strategies/strategy.ts';
import type { Study } from '../study/study.ts';

/** How patterns are assessed. */
export interface AssessmentOptions {
  readonly evaluator: Evaluator;
  readonly alphabet: Alphabet;
  readonly study: Study;
  /** How many evaluations may run side by side; 1 unless given. */
  readonly parallel?: number;
  /**
   * After so many images the strategy ends with what it has; by default when it has seen enough.
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
  /** Images that were asked for, each once, those that the study knew included. */
  readonly images: number;
}

/** Unwinds a strategy whose images are used up; `runSearch` catches it. */
export class LimitReached extends Error {}

/** Answers a strategy's questions from the study, or else from the evaluator. */
export class AssessmentDesk {
  evaluations = 0;
  /** Images that were asked for in this run, each once. */
  images = 0;
  readonly #finished = new Map<string, Assessment>();
  readonly #asked = new Map<string, Set<number>>();
  #best: Assessment | undefined;
  readonly #options: AssessmentOptions;
  /** The seeds of the search, as they are told from others. */
  readonly #searchSeeds: string;

  constructor(options: AssessmentOptions) {
    this.#options = options;
    this.#searchSeeds = String(options.study.header.seeds);
  }

  /** All that were assessed on all seeds of the search, the best first; there is at least one. */
  ranking(): readonly Assessment[] {
    const ranking = [...this.#finished.values()].sort((a, b) => a.loss - b.loss);
    if (ranking.length > 0) return ranking;
    throw new ProCacheError(
      'invalid-input',
      `the search ended after ${this.images} images, before any pattern was assessed on all ` +
        `${this.#options.study.header.seeds.length} seeds; raise the limit`,
    );
  }

  async assess(
    patterns: readonly string[],
    seeds: readonly number[],
    limit: 'limited' | 'unlimited' = 'limited',
  ): Promise<readonly Assessment[]> {
    const { parallel = 1 } = this.#options;
    const answers = new Map<string, Assessment>();
    const distinct = [...new Set(patterns)];
    const open = distinct.filter((pattern) => this.#admits(pattern, seeds, limit));
    const isLimited = open.length < distinct.length;
    const work = async (): Promise<void> => {
      for (let pattern = open.shift(); pattern !== undefined; pattern = open.shift())
        answers.set(pattern, await this.#assessOne(pattern, seeds));
    };
    const stop = (): void => void (open.length = 0);
    // each ends when there is no more, or fails
    const workers = Array.from({ length: Math.min(parallel, open.length) }, () => work().finally(stop));
    await Promise.allSettled(workers);
    await Promise.all(workers);
    if (isLimited) throw new LimitReached();
    return patterns.map((pattern) => answers.get(pattern)!);
  }

  /** Whether there are images left for a pattern on these seeds; if so they are taken. */
  #admits(pattern: string, seeds: readonly number[], limit: 'limited' | 'unlimited'): boolean {
    const { mostImages = Infinity } = this.#options;
    const asked = this.#asked.get(pattern) ?? new Set();
    const fresh = seeds.filter((seed) => !asked.has(seed));
    if (limit === 'limited' && this.images + fresh.length > mostImages) return false;
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
    if (String(assessment.seeds) === this.#searchSeeds) {
      this.#finished.set(assessment.pattern, assessment);
      if (!this.#best || assessment.loss < this.#best.loss) this.#best = assessment;
    }
    const { evaluations, images } = this;
    this.#options.onAssessed?.({ assessment, known, best: this.#best, evaluations, images });
    return assessment;
  }
}
