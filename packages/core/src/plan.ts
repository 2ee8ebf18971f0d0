import { checkOps } from './plan-check.ts';
import type { StepProgram } from './program.ts';
import type { SelectorSettings } from './schedule.ts';
import {
  type BranchId,
  branchId,
  checkTopology,
  type FeatureId,
  isStream,
  type PackId,
  type SpanId,
  type StreamId,
} from './topology.ts';
import { integerOf } from './untrusted/json-reader.ts';

/** Evaluate whole blocks for every token. */
export interface Run {
  readonly op: 'run';
  readonly first: number;
  readonly last: number;
  /** The features, of branches and of spans inside the run, that a later step will ask for. */
  readonly keep: readonly (BranchId | SpanId)[];
  /** The branches for which a token selector will want scores. */
  readonly watch: readonly BranchId[];
  /** What the run adds up for folds of later steps, while it has the features at hand: see `hoist`. */
  readonly ahead?: Ahead;
}

/** Sums of a run's features, one for each fold that will add them, stored as one tensor. */
export interface Ahead {
  readonly pack: PackId;
  readonly sums: readonly AheadSum[];
}

/** What one fold of a later step will add: features of branches, each through the gate that it has at that step. */
export interface AheadSum {
  readonly step: number;
  readonly terms: readonly { readonly branch: BranchId; readonly weight: number }[];
}

/** Evaluate one module for some tokens and patch its stored feature; `'all'` makes a new feature. */
export interface Refresh {
  readonly op: 'refresh';
  readonly branch: BranchId;
  readonly tokens: number | 'all';
  /**
   * The number of this selective call among those of the branch in the whole generation, calls for no token included.
   */
  readonly call: number;
  /** The number of the first selective call after the branch was last computed: ages count from there. */
  readonly since: number;
  /** Whether a later step asks for the result; this step always may. */
  readonly keep: boolean;
}

/** Add stored features to the residual stream, those of branches through the gate that the branch has at this step. */
export interface Fold {
  readonly op: 'fold';
  /** None where sums are all that is added. */
  readonly terms: readonly Term[];
  /** Sums that earlier runs have prepared; they are added as they are. */
  readonly sums?: readonly { readonly pack: PackId; readonly index: number }[];
}

/**
 * `weights[k]` scales the k-th newest feature. A stream feature takes the place of the stream; it is the first term of
 * its fold.
 */
export interface Term {
  readonly feature: FeatureId;
  readonly weights: readonly number[];
}

/** Keep the residual stream as it is here, which is after the block that the id names. */
export interface Store {
  readonly op: 'store';
  readonly feature: StreamId;
}

export type Op = Run | Refresh | Fold | Store;

/** What one step does, between embedding the latent and reading out the noise. */
export interface StepPlan {
  readonly ops: readonly Op[];
  /** The same operations without their numbers: what a backend compiles. */
  readonly program: StepProgram;
  /** How many of the newest features of each id are still needed once the step is over. What is absent may be freed. */
  readonly live: ReadonlyMap<FeatureId, number>;
}

/** All that is known about a generation before its first step. */
export interface Plan {
  readonly steps: readonly StepPlan[];
  /** How tokens are chosen where a step refreshes some of them. */
  readonly selector: SelectorSettings;
  /** The letters of the schedule that the plan comes from, where there is one. */
  readonly pattern?: string;
}

/** The operations of a step with its neighbours merged: runs in a row become one run, and folds in a row one fold. */
export function joined(ops: readonly Op[]): readonly Op[] {
  const result: Op[] = [];
  for (let start = 0, end = 1; start < ops.length; start = end++) {
    const { op } = ops[start]!;
    while ((op === 'run' || op === 'fold') && ops[end]?.op === op) end++;
    const same = ops.slice(start, end);
    result.push(
      same.length === 1
        ? same[0]!
        : op === 'run'
          ? joinedRun(same as readonly Run[])
          : joinedFold(same as readonly Fold[]),
    );
  }
  return result;
}

function joinedRun(runs: readonly Run[]): Run {
  const keep = runs.flatMap((run) => run.keep);
  const watch = runs.flatMap((run) => run.watch);
  return { ...runs[0]!, last: runs.at(-1)!.last, keep, watch };
}

function joinedFold(folds: readonly Fold[]): Fold {
  // What a stream takes the place of is thrown away, so what was added before it need not be.
  const from = folds.findLastIndex(({ terms: [first] }) => first !== undefined && isStream(first.feature));
  return { op: 'fold', terms: folds.slice(Math.max(from, 0)).flatMap(({ terms }) => terms) };
}

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

/** The branches that a run of whole blocks could keep, given the module names of each block. */
export function branchesWithin(
  first: number,
  last: number,
  blocks: readonly (readonly string[])[],
): readonly BranchId[] {
  checkTopology({ blocks, grid: [1, 1] });
  for (const [place, value] of Object.entries({ first, last })) integerOf({ value, place, code: 'invalid-input' }, 0);
  return blocks.slice(first, last + 1).flatMap((modules, i) => modules.map((module) => branchId(first + i, module)));
}
