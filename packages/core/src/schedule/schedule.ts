import type { Branch } from '../topology.ts';
import { textOf } from '../untrusted/json-reader.ts';

/** How stored features are extrapolated to a step that is not computed; see `forecastWeights`. */
export type ForecastRule = 'taylor' | 'lagrange';

/** Evaluate the module for every token. */
export interface Compute {
  readonly do: 'compute';
}

/** Add what is stored again, or what the stored features forecast. */
export interface Reuse {
  readonly do: 'reuse';
  /** The degree of the forecast; 0, the default, holds the newest feature. */
  readonly order?: number;
  /** `"taylor"` by default. Order 0 and 1 are the same in both. */
  readonly forecast?: ForecastRule;
  /** Reuse what these blocks together added to the stream, rather than what each branch added. */
  readonly span?: readonly [first: number, last: number];
  /** With `span`: put the stored stream after block `last` instead of the stream (DuCa's whole-model reuse). */
  readonly absolute?: boolean;
}

/** Evaluate the module for `floor(ratio * tokens)` tokens of each image, patch the stored feature, and add that. */
export interface RefreshAction {
  readonly do: 'refresh';
  readonly ratio: number;
}

/** What happens to one residual branch at one step. */
export type Action = Compute | Reuse | RefreshAction;

/** An action for the branches that match; a missing filter matches all. The last matching rule wins. */
export type Rule = Action & {
  readonly blocks?: readonly [first: number, last: number];
  readonly modules?: readonly string[];
};

/** What makes a token worth computing afresh; see `createSelector`. */
export type ScoreName = 'attention' | 'cross-attention-entropy' | 'value-norm' | 'token-norm' | 'similarity' | 'random';

/** How the tokens of a refresh are chosen. */
export interface SelectorSettings {
  readonly score: ScoreName;
  /** Added to a token's score for each selective call since it was last computed. */
  readonly age?: number;
  /** Rows and columns of the cells that tile the image; the best token of each gets the bonus. */
  readonly cells?: readonly [rows: number, columns: number];
  /** The share of its own score that the best token of each cell gets on top. */
  readonly bonus?: number;
  /** Whether the two halves of a guided batch share one choice. */
  readonly paired?: boolean;
}

/** What of it says which tokens are best, once their scores and what their ages add are there. */
export type ChoiceRule = Omit<SelectorSettings, 'age'>;

/**
 * A caching schedule: one letter per step, and a legend that says what each letter does.
 *
 * Plain JSON. Step 0 is the first step taken (the noisiest). `#` (compute all) and `.` (reuse all)
 * need no entry in the legend.
 */
export interface Schedule {
  /** The address of a JSON schema, for editors: `schedule.schema.json` of this package. The engine ignores it. */
  readonly $schema?: string;
  readonly version: 1;
  readonly pattern: string;
  readonly legend: Readonly<Record<string, readonly Rule[]>>;
  readonly selector?: SelectorSettings;
  /** Whatever the author wants to keep with it: provenance, constraints, scores. The engine ignores it. */
  readonly notes?: Readonly<Record<string, unknown>>;
}

/**
 * A caching method, as a function. Every schedule is one; so is anything else with this shape.
 *
 * ```ts
 * import { describe, lower, type Policy, scheduleOf } from '@procache/core';
 *
 * // Every other step is computed, and in between attention is reused, but the MLPs of the last block are not.
 * const policy: Policy = (step, { block, module }) =>
 *   step % 2 === 0 || (block === 1 && module === 'mlp') ? { do: 'compute' } : { do: 'reuse' };
 *
 * const topology = { blocks: [['attn', 'mlp'], ['attn', 'mlp']], grid: [8, 8] } as const;
 * const [, second] = describe(lower(policy, 4, topology)).split('\n');
 * console.log(second); //   1  fold 0.attn..1.attn (3)  compute 1.mlp  fold 1.mlp
 * console.log(scheduleOf(policy, 4, topology).pattern); // #a#a
 * ```
 */
export type Policy = (step: number, branch: Branch) => Action;

/** The letters that read the same in every schedule. */
export const RESERVED_LETTERS: Readonly<Record<string, readonly Rule[]>> = {
  '#': [{ do: 'compute' }],
  '.': [{ do: 'reuse' }],
};

/** How often each letter occurs in a pattern, most frequent first. */
export function letterCounts(pattern: string): ReadonlyMap<string, number> {
  if (pattern !== '') textOf({ value: pattern, place: 'pattern' });
  const counts = new Map<string, number>();
  for (const letter of pattern) counts.set(letter, (counts.get(letter) ?? 0) + 1);
  return new Map([...counts].sort((a, b) => b[1] - a[1]));
}
