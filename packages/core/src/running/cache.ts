import type { StepPlan } from '../plan/plan.ts';
import { readsOf, writesOf } from '../plan/reads-and-writes.ts';
import type { FeatureId } from '../topology.ts';

/** The stored features of one generation. It owns its tensors, and hands each back to `release` exactly once. */
export class FeatureCache<T> {
  readonly #features = new Map<FeatureId, T[]>();
  readonly #release: (tensor: T) => void;

  constructor(release: (tensor: T) => void) {
    this.#release = release;
  }

  /** How many tensors are held. */
  get size(): number {
    return [...this.#features.values()].reduce((sum, { length }) => sum + length, 0);
  }

  /** The features that a step reads, newest first. They stay the cache's. */
  lend({ ops }: StepPlan): ReadonlyMap<FeatureId, readonly T[]> {
    return new Map(
      [...readsOf(ops)].map(([feature, count]) => [feature, (this.#features.get(feature) ?? []).slice(0, count)]),
    );
  }

  /** Takes in what a step wrote, and frees what no later step reads. */
  settle({ ops, live }: StepPlan, made: ReadonlyMap<FeatureId, T>): void {
    for (const { feature, patch } of writesOf(ops)) {
      const stored = this.#features.get(feature) ?? [];
      const stale = stored.splice(0, patch ? 1 : 0);
      stale.forEach(this.#release);
      this.#features.set(feature, [made.get(feature)!, ...stored]);
    }
    for (const [feature, stored] of this.#features) stored.splice(live.get(feature) ?? 0).forEach(this.#release);
  }

  clear(): void {
    for (const stored of this.#features.values()) stored.forEach(this.#release);
    this.#features.clear();
  }
}
