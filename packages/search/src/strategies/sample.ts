import { type ReferenceConstraints, type ReferenceOptions, referenceSample } from '../space/reference-sampler.ts';
import { drawDistinct, type Space } from '../space/space.ts';
import type { Strategy } from '../search.ts';
import { affordable } from './exhaustive.ts';

export interface SampleOptions {
  readonly space: Space;
  /** How many different patterns are assessed; all where there are no more. */
  readonly count: number;
}

/** Assesses patterns drawn uniformly. */
export function sample({ space, count }: SampleOptions): Strategy {
  return async ({ assess, affords, random }) => {
    await assess(affordable(drawDistinct(space, count, random), affords));
  };
}

/** Assesses what the paper's own sampler draws: five patterns of a biased choice (`referenceSample`). For comparison only. */
export function reference(constraints: ReferenceConstraints, options: Omit<ReferenceOptions, 'random'> = {}): Strategy {
  return async ({ assess, affords, random }) => {
    await assess(affordable(referenceSample(constraints, { ...options, random }).patterns, affords));
  };
}
