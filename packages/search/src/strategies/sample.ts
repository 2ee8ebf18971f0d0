import { checkOptions } from '@procache/core/untrusted';
import { type ReferenceConstraints, type ReferenceSampleOptions, referenceSample } from '../space/reference-sampler.ts';
import { drawDistinct, type Space } from '../space/space.ts';
import type { Strategy } from './strategy.ts';
import { affordable } from './exhaustive.ts';

/** Patterns that `sampled` and `halving` begin with. */
export const CANDIDATES = 64;

export interface SampledOptions {
  readonly space: Space;
  /** How many different patterns are assessed, 64 unless given; all where there are no more. */
  readonly count?: number;
}

/** Assesses patterns drawn uniformly. */
export function sampled(options: SampledOptions): Strategy {
  checkOptions('sampled', options, { space: true, count: true });
  const { space, count = CANDIDATES } = options;
  return {
    expectedImages: (seeds) => Math.min(count, Number(space.size)) * seeds,
    async run({ assess, affords, random }) {
      await assess(affordable(drawDistinct(space, count, random), affords));
    },
  };
}

export interface ReferenceStrategyOptions extends Omit<ReferenceSampleOptions, 'random'> {
  /** How the gaps of a drawn pattern are written, as Eq. 7 does; as they are drawn unless given. */
  readonly write?: (pattern: string) => string;
}

/**
 * Assesses what the paper's own sampler draws: five patterns of a biased choice (`referenceSample`). For comparison
 * only.
 */
export function reference(constraints: ReferenceConstraints, options: ReferenceStrategyOptions = {}): Strategy {
  checkOptions('reference', options, { count: true, attempts: true, write: true });
  const { count = PAPERS_COUNT, write = (pattern: string) => pattern, ...limits } = options;
  return {
    expectedImages: (seeds) => count * seeds,
    async run({ assess, affords, random }) {
      await assess(affordable(referenceSample(constraints, { ...limits, count, random }).patterns.map(write), affords));
    },
  };
}

/** The candidates of the paper. */
const PAPERS_COUNT = 5;
