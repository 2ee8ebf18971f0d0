import { MAX_ORDER } from '../limits.ts';
import { type BranchId, type FeatureId, inBlockOrder, isBranch, type PackId } from '../topology.ts';
import { keepWhatIsUsed } from './liveness.ts';
import type { AheadSum, Fold, Op, Term } from './operations.ts';
import { checkPlan, type Plan, vouchFor } from './plan.ts';

/**
 * The same plan, with the sums that later steps fold added up by the runs that make the features.
 *
 * Gates and weights of later steps are known before the first one. So a run can add `gate · weight ·
 * feature` into the sum of each step that will reuse it while the feature is in the processor's
 * cache; a reused step then adds one tensor instead of one per branch, and few features need
 * to be stored at all: 7 MB instead of 132 MB for DiT-XL/2 and gaps of three steps.
 *
 * What cannot be known ahead stays as it is: features that are patched before they are folded, that
 * are alone in their fold, or that no run of whole blocks has made. So do the folds of a run beyond `MAX_SUMS`. Sums
 * are added in another order than the plan's, so results differ by rounding.
 */
export function hoist(plan: Plan): Plan {
  const known = hoisted.get(plan);
  if (known) return known;
  checkPlan(plan);
  const ahead = new AheadPlanner();
  const drafts = plan.steps.map(({ ops }, step) => ops.map((op, i) => ahead.visit(op, step, i)));
  const steps = keepWhatIsUsed(
    drafts.map((ops, step) => ops.map((op, i) => ahead.finish(op, step, i))),
    plan.selector,
  );
  const result = vouchFor({ ...plan, steps });
  hoisted.set(plan, result);
  hoisted.set(result, result);
  return result;
}

/**
 * The most sums that a run prepares: each is as large as a feature, and after so many steps the features themselves are
 * fewer.
 */
const MAX_SUMS = 64;

/** Plans are values, and hoisting one again gives the same one. */
const hoisted = new WeakMap<Plan, Plan>();

/** A stored feature: the run that made it, or nothing where it is not a run's, or no longer as the run made it. */
interface Entry {
  readonly run: PackId | undefined;
}

/** Features of one run that one fold adds. */
interface Group {
  readonly run: PackId;
  readonly sum: AheadSum;
}

class AheadPlanner {
  /** The stored features of each branch, newest first: as many as a fold can read. */
  readonly #entries = new Map<FeatureId, readonly Entry[]>();
  /** The sums that each run is to prepare. */
  readonly #sums = new Map<PackId, AheadSum[]>();

  /** Follows an operation in order; a fold comes back without what runs have added up for it. */
  visit(op: Op, step: number, index: number): Op {
    switch (op.op) {
      case 'run':
        for (const feature of op.keep)
          this.#push(feature, { run: isBranch(feature) ? packId(step, index) : undefined });
        return op;
      case 'refresh':
        if (op.tokens !== 'all') this.#entries.set(op.branch, (this.#entries.get(op.branch) ?? []).slice(1));
        this.#push(op.branch, { run: undefined });
        return op;
      case 'store':
        return op;
      case 'fold':
        return this.#fold(op, step);
    }
  }

  /** A run, with the sums that the folds after it have asked of it. */
  finish(op: Op, step: number, index: number): Op {
    const pack = packId(step, index);
    const sums = this.#sums.get(pack);
    return op.op === 'run' && sums ? { ...op, ahead: { pack, sums: sums.map((sum) => inOrder(sum)) } } : op;
  }

  #push(feature: FeatureId, entry: Entry): void {
    this.#entries.set(feature, [entry, ...(this.#entries.get(feature) ?? []).slice(0, MAX_ORDER)]);
  }

  #fold(op: Fold, step: number): Fold {
    const groups = this.#groupsOf(op, step);
    const runs = new Set(groups.map(({ run }) => run));
    const terms = op.terms.flatMap((term) => this.#rest(term, runs));
    const sums = groups.map(({ run, sum }) => {
      const all = this.#sums.get(run) ?? [];
      this.#sums.set(run, all);
      return { pack: run, index: all.push(sum) - 1 };
    });
    return sums.length > 0 ? { op: 'fold', terms, sums } : op;
  }

  /** What each run can add up for a fold: at least two features, as one alone may as well be stored. */
  #groupsOf({ terms }: Fold, step: number): readonly Group[] {
    const groups = new Map<PackId, { branch: BranchId; weight: number }[]>();
    for (const { feature, weights } of terms) {
      if (!isBranch(feature)) continue;
      const entries = this.#entries.get(feature) ?? [];
      for (const [age, weight] of weights.entries()) {
        const run = entries[age]?.run;
        if (!run) continue;
        const own = groups.get(run) ?? [];
        own.push({ branch: feature, weight });
        groups.set(run, own);
      }
    }
    const worthwhile = [...groups].filter(
      ([run, own]) => own.length > 1 && (this.#sums.get(run)?.length ?? 0) < MAX_SUMS,
    );
    return worthwhile.map(([run, own]) => ({ run, sum: { step, terms: own } }));
  }

  /**
   * What is left of a term once those runs have taken their part: weights of 0, and nothing where all of it is taken.
   */
  #rest({ feature, weights }: Term, runs: ReadonlySet<PackId>): readonly Term[] {
    const entries = this.#entries.get(feature) ?? [];
    const left = weights.map((weight, age) => {
      const run = entries[age]?.run;
      return run && runs.has(run) ? 0 : weight;
    });
    const count = left.findLastIndex((weight) => weight !== 0) + 1;
    return count > 0 ? [{ feature, weights: left.slice(0, count) }] : [];
  }
}

function packId(step: number, index: number): PackId {
  return `Σ${step}.${index}`;
}

/** The terms in the order in which a run makes their features, so that equal sums are equal programs. */
function inOrder(sum: AheadSum): AheadSum {
  return { ...sum, terms: inBlockOrder(sum.terms, ({ branch }) => branch) };
}
