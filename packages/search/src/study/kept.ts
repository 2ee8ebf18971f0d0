import type { Placed } from '@procache/core/untrusted';

/** Something dear that a study keeps under a name: how it is written down, and how it is read again. */
export interface Kept<Value> {
  readonly name: string;
  /** As plain objects, lists, texts, booleans, nulls and finite numbers: what is none of these stops the search. */
  readonly write: (value: Value) => unknown;
  /** @throws {ProCacheError} for what `write` cannot have written, with its place. */
  readonly read: (placed: Placed) => Value;
}
