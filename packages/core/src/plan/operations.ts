import {
  type BranchId,
  branchId,
  checkTopology,
  type FeatureId,
  isStream,
  type PackId,
  type SpanId,
  type StreamId,
} from '../topology.ts';
import { integerOf } from '../untrusted/json-reader.ts';

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
   *
   * Calls and not steps are what tokens age by, and a call whose share of the tokens rounds down to none is no
   * operation of the plan, though it ages them too. So each operation says how many calls have been before it. With the
   * pattern `#++#+`, where `+` refreshes some tokens of `9.mlp`:
   *
   *     step 0 #   computes 9.mlp
   *     step 1 +   call 0, since 0   no token has an age yet
   *     step 2 +   call 1, since 0   age 1: tokens that call 0 passed over; age 0: those that it refreshed
   *     step 3 #   computes 9.mlp: no token of it is stale
   *     step 4 +   call 2, since 2   no token has an age again
   *
   * A token that call `last` refreshed has the age `call - max(since, last + 1)`. Were step 1 to refresh no token, step
   * 2 would still be call 1, and all tokens of age 1.
   */
  readonly call: number;
  /** The number of the first selective call after the branch was last computed: ages count from there. */
  readonly since: number;
  /** Whether a later step asks for the result; this step always may. */
  readonly keep: boolean;
  /**
   * The branches for which a token selector will want the scores that this evaluation makes anew, those of the tokens
   * that it is done for. Attention to a text gives them, where tokens are chosen by its entropy.
   */
  readonly watch?: readonly BranchId[];
  /**
   * The refresh of the same step that makes the scores by which tokens are chosen, and so after it. All other tokens
   * are chosen before the step.
   */
  readonly by?: BranchId;
}

/** A refresh that watches these branches, with all its tokens chosen before the step. */
export function withWatch({ op, branch, tokens, call, since, keep }: Refresh, watch: readonly BranchId[]): Refresh {
  return { op, branch, tokens, call, since, keep, ...(watch.length > 0 && { watch }) };
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
