import {
  type BranchId,
  branchesOf,
  planOf,
  trajectoryOf,
  type TrajectoryOptions,
  type Transformer,
  uncached,
} from '@procache/core';
import { checkOptions, type Fields } from '@procache/core/untrusted';
import type { Signal } from '../scoring/evaluator.ts';
import { type Change, changeOf } from './change.ts';
import { watched } from './watched.ts';

/** How the features of one branch move along an uncached trajectory. */
export interface BranchMovement {
  readonly branch: BranchId;
  /** From each step to the next: one entry fewer than steps. */
  readonly change: readonly Change[];
  /**
   * `reuseError[gap - 1]`: the relative L1 error of a feature that is reused `gap` steps later, the mean over all
   * steps.
   */
  readonly reuseError: readonly number[];
}

export interface MovementOptions extends TrajectoryOptions {
  /** The longest gap that features are reused over; 8 unless given. */
  readonly longest?: number;
  /** How many numbers of each feature are looked at, evenly spread; 65536 unless given, so that large models fit. */
  readonly sample?: number;
  readonly signal?: Signal | undefined;
}

/**
 * How every branch's features move: the two analyses of the paper's section 3, measured from the model at hand.
 *
 * One uncached generation. Holds `longest` steps of the sampled features at a time.
 */
export async function branchMovement<T>(
  transformer: Transformer<T>,
  options: MovementOptions,
): Promise<readonly BranchMovement[]> {
  checkOptions('branchMovement', options, FIELDS);
  const { longest = 8, sample = 65_536, signal, ...sampling } = options;
  const steps = sampling.steps.count;
  const traces = new Map(
    branchesOf(transformer.topology)
      .flat()
      .map(({ id }) => [id, new Trace(longest)]),
  );
  const watching = watched(transformer, async (features, read) => {
    for (const [branch, trace] of traces) trace.add(sampled(await read(features.get(branch)!), sample));
  });
  const trajectory = trajectoryOf(watching, sampling);
  await trajectory.follow(planOf(uncached({ steps }), transformer.topology), (denoise) => trajectory.sample(denoise), {
    signal,
  });
  return [...traces].map(([branch, trace]) => ({ branch, change: trace.change, reuseError: trace.reuseError() }));
}

const FIELDS: Fields<MovementOptions> = {
  steps: true,
  seeds: true,
  conditions: true,
  noise: true,
  guidance: true,
  sampler: true,
  eta: true,
  signal: true,
  longest: true,
  sample: true,
};

/** What one branch's features did, and the last of them. */
class Trace {
  readonly change: Change[] = [];
  /** Newest first. */
  #last: readonly Float32Array[] = [];
  /** By gap less one. */
  readonly #errors: number[][];

  constructor(longest: number) {
    this.#errors = Array.from({ length: longest }, () => []);
  }

  add(feature: Float32Array): void {
    this.#last.forEach((earlier, i) => {
      const change = changeOf(earlier, feature);
      if (i === 0) this.change.push(change);
      this.#errors[i]!.push(change.relativeL1);
    });
    this.#last = [feature, ...this.#last].slice(0, this.#errors.length);
  }

  reuseError(): readonly number[] {
    return this.#errors
      .filter((own) => own.length > 0)
      .map((own) => own.reduce((sum, error) => sum + error, 0) / own.length);
  }
}

/** So many numbers of a feature at the most, evenly spread; a copy, as the feature is given back. */
function sampled(feature: Float32Array, most: number): Float32Array {
  const stride = Math.max(1, Math.ceil(feature.length / most));
  return Float32Array.from({ length: Math.ceil(feature.length / stride) }, (_, i) => feature[i * stride]!);
}
