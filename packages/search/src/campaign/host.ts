import type { Schedule } from '@procache/core';
import type { Recording } from '../recording/recording.ts';
import type { Render } from '../scoring/comparison.ts';
import type { Signal } from '../scoring/evaluator.ts';
import type { LetterTimes } from '../scoring/target.ts';
import type { Assessment } from '../strategies/strategy.ts';
import type { Study } from '../study/study.ts';
import type { WorkMeter } from './work-meter.ts';

/** What a campaign works with, and whom it tells how it goes. `modelHost` makes the first three of some models. */
export interface CampaignHost {
  /** Draws final images, or latents. */
  readonly render: Render;
  /** Records uncached trajectories of so many seeds: see `record`. */
  readonly record: (seeds: readonly number[], options: RecordingOptions) => Promise<Recording>;
  readonly times: CampaignTimes;
  /** How many evaluations may run side by side; 1 unless given. */
  readonly parallel?: number | undefined;
  /** Where everything is kept that was measured: see `beginStudy` and `resumeStudy`. */
  readonly study: Study;
  /** How much is done, and how much is to come: see `openWorkMeter`. */
  readonly meter: WorkMeter;
  /** Milliseconds of processor time that this run has taken so far, where the host can tell. */
  readonly processorTime?: (() => number) | undefined;
  readonly signal?: Signal | undefined;
  /** Awaited in the middle of long computations: see `SearchOptions`. */
  readonly pause?: (() => Promise<void>) | undefined;
  readonly onProgress?: ((doing: Doing) => void) | undefined;
  /** Told of the best so far of a budget: all there is to keep where the search is stopped. */
  readonly onBest?: ((budget: number, best: Assessment) => void) | undefined;
}

export interface RecordingOptions {
  readonly signal?: Signal | undefined;
  /** Makes each part, or takes it from where it was kept. */
  readonly keep: (seeds: readonly number[], make: () => Promise<Recording>) => Promise<Recording>;
  /** Called with the share that is done, 0 to 1. */
  readonly onProgress: (share: number) => void;
}

/** What things take on the machine at hand, in milliseconds. Each is asked for once, and kept in the study. */
export interface CampaignTimes {
  /** Of rendering some seeds with one of the models: what speed-ups are told by. */
  readonly rendering: (schedule: Schedule, seeds: readonly number[]) => Promise<number>;
  /** Of the steps of a generation of as many images as the target is for, by letter. */
  readonly steps: () => Promise<LetterTimes>;
  /** Of such a generation as a whole. */
  readonly generation: (schedule: Schedule) => Promise<number>;
}

/** What a campaign is doing. */
export type Doing =
  | { readonly doing: 'timing steps' | 'recording' | 'timing what was found' | 'judging' | 'timing what is judged' }
  | {
      readonly doing: 'searching';
      readonly budget: number;
      /** The best so far, and how many were tried. */
      readonly best: Assessment | undefined;
      readonly tried: number;
    };

/** What a campaign has taken in this run. */
export interface Effort {
  readonly milliseconds: number;
  /** Of all threads together, where the host can tell. */
  readonly cpuMilliseconds: number | undefined;
}

/** What has been taken so far. */
export function effortSoFar({ meter, processorTime }: Pick<CampaignHost, 'meter' | 'processorTime'>): Effort {
  const busy = processorTime?.();
  return {
    milliseconds: Math.round(meter.elapsed),
    cpuMilliseconds: busy === undefined ? undefined : Math.round(busy),
  };
}
