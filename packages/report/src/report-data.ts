import type { Schedule } from '@procache/core';
import type { PlotPoint } from './budget-plot.ts';
import type { Samples } from './samples.ts';
import type { Movement } from './sections/movement.ts';
import type { Reproduction } from './sections/reproduction.ts';

/** Everything that the page about a search shows. All of it is plain data, and no text in it needs to be trusted. */
export interface SearchReport {
  readonly model: string;
  readonly sampler: string;
  readonly steps: number;
  /** 1 where images are not guided. */
  readonly guidance: number;
  /** The first is the one that was improved. */
  readonly objectives: readonly [ReportedObjective, ...ReportedObjective[]];
  readonly images: ImageSets;
  readonly budgets: readonly ReportedBudget[];
  /** What was found beside other schedules; empty where nothing was judged. */
  readonly judged: readonly ReportedContestant[];
  /** Images of a generation that was timed for the speed-up. */
  readonly timedImages: number;
  /** The least predicted error of every budget; empty where nothing was recorded. */
  readonly predicted: readonly PlotPoint[];
  /** Undefined where the model draws latents, which nothing decodes. */
  readonly samples: Samples | undefined;
  readonly movement: readonly Movement[];
  readonly reproduction: Reproduction;
}

/** One measure of how good a schedule is. */
export interface ReportedObjective {
  readonly name: string;
  readonly better: 'lower' | 'higher';
  /** Whether it compares each image with the uncached one, or all images together with other data. */
  readonly judges: 'image' | 'set';
}

/** How many images stand behind the scores. No image is in two of the sets. */
export interface ImageSets {
  /** What schedules were searched by. */
  readonly search: number;
  /** What the best raced on, which decided what is called found; 0 without a race. */
  readonly final: number;
  /** What the result was judged on; 0 where it was not. */
  readonly judged: number;
}

/** The mean of every objective. */
export type MeanScores = Readonly<Record<string, number>>;

/** What was found with so many computed steps. */
export interface ReportedBudget {
  readonly computed: number;
  /** The first objective of what was found, on the images that decided. */
  readonly best: number;
  /** The best on the images of the search first; one of them was found. */
  readonly candidates: readonly ReportedCandidate[];
  /** All that were measured on all images of the search, the best first. */
  readonly measured: readonly { readonly pattern: string; readonly scores: MeanScores }[];
}

/** A schedule that was searched; patterns that made the same images are one. */
export interface ReportedCandidate {
  readonly schedule: Schedule;
  /** The first objective, on the images of the search. */
  readonly search: number;
  /** The same on those of the final race, for those that ran it to its end. */
  readonly final?: number | undefined;
  readonly isFound: boolean;
}

/** A schedule that was judged. */
export interface ReportedContestant {
  readonly name: string;
  /** `found`: by this search; `method`: what others would take; `fewer`: no caching, but fewer steps of the sampler. */
  readonly kind: 'found' | 'method' | 'fewer';
  readonly schedule: Schedule;
  readonly computed: number;
  readonly scores: MeanScores;
  /** Of the first objective, as its scores are; absent where it is not known. */
  readonly interval?: readonly [low: number, high: number] | undefined;
  /** By the clock, how many times faster than uncached. */
  readonly speedup: number;
  /** How many times less arithmetic than uncached. */
  readonly multiplyAddRatio: number;
}
