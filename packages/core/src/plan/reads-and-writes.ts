import type { FeatureId } from '../topology.ts';
import { checkOps } from './operations-check.ts';
import type { Op } from './operations.ts';

/** The features that a step takes from the cache, and how many of each. */
export function readsOf(ops: readonly Op[]): ReadonlyMap<FeatureId, number> {
  checkOps(ops);
  return readsOfDraft(ops);
}

/** The same for operations that are being written. */
export function readsOfDraft(ops: readonly Op[]): ReadonlyMap<FeatureId, number> {
  const reads = new Map<FeatureId, number>();
  const made = new Set<FeatureId>();
  const read = (feature: FeatureId, count: number) => reads.set(feature, Math.max(count, reads.get(feature) ?? 0));
  for (const op of ops) {
    if (op.op === 'refresh') {
      if (op.tokens !== 'all') read(op.branch, 1);
      made.add(op.branch);
    } else if (op.op === 'fold') {
      const stored = op.terms.filter(({ feature }) => !made.has(feature));
      for (const { feature, weights } of stored) read(feature, weights.length);
      for (const { pack } of op.sums ?? []) read(pack, 1);
    }
  }
  return reads;
}

/** A feature that a step hands to the cache: instead of the newest one (`patch`), or as the newest. */
export interface Write {
  readonly feature: FeatureId;
  readonly patch: boolean;
}

/** The features that a step hands to the cache, in the order in which its operations make them. */
export function writesOf(ops: readonly Op[]): readonly Write[] {
  checkOps(ops);
  return ops.flatMap((op): Write[] => {
    switch (op.op) {
      case 'run':
        return [...op.keep, ...(op.ahead ? [op.ahead.pack] : [])].map((feature) => ({ feature, patch: false }));
      case 'refresh':
        return op.keep ? [{ feature: op.branch, patch: op.tokens !== 'all' }] : [];
      case 'store':
        return [{ feature: op.feature, patch: false }];
      case 'fold':
        return [];
    }
  });
}
