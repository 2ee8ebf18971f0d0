import { ProCacheError } from '@procache/core';
import { checkOptions } from '@procache/core/untrusted';
import type { Space } from '../space/space.ts';
import type { Strategy } from './strategy.ts';

export interface ExhaustiveOptions {
  readonly space: Space;
  /** The largest space that is listed; 5000 patterns unless given. */
  readonly most?: number;
}

/** Assesses every pattern there is. With the paper's bounds that is 7 to 25 of them, so there is nothing to sample. */
export function exhaustive(options: ExhaustiveOptions): Strategy {
  checkOptions('exhaustive', options, { space: true, most: true });
  const { space, most = 5000 } = options;
  if (space.size > BigInt(most)) {
    throw new ProCacheError(
      'infeasible-constraints',
      `the space has ${space.size.toLocaleString('en-GB')} patterns, more than the ${most} that are listed; ` +
        `tighten its constraints, or sample or anneal`,
    );
  }
  return {
    expectedImages: (seeds) => Number(space.size) * seeds,
    async run({ assess, affords }) {
      await assess(affordable([...space], affords));
    },
  };
}

/** The patterns that keep within the target. */
export function affordable(patterns: readonly string[], affords: (pattern: string) => boolean): readonly string[] {
  const kept = patterns.filter(affords);
  if (kept.length > 0) return kept;
  throw new ProCacheError(
    'infeasible-constraints',
    `no pattern that was tried keeps within the target; raise it, or lower the budget of computed steps`,
  );
}
