import type { SelectorSettings } from '../schedule/schedule.ts';
import type { BranchId, FeatureId } from '../topology.ts';
import { joined, type Op, type Refresh, withWatch } from './operations.ts';
import type { StepPlan } from './plan.ts';
import { programOfDraft, type StepProgram } from './program.ts';
import { readsOfDraft } from './reads-and-writes.ts';

/**
 * Walks a draft backwards, and leaves of `keep`, `watch` and `store` only what a later step asks for.
 *
 * `live` of a step is then what the cache holds once the step is over: the bound on memory, and
 * the moment at which each feature may be freed.
 *
 * Two questions are carried from step to step: how many of the newest features of each id are read later, and for
 * which branches tokens are chosen later. Read this table upwards, as the walk goes. `~` forecasts `9.mlp` from the two
 * newest features, `+` refreshes some tokens of it:
 *
 *     step      does                     asked of the steps before: features   choices
 *     0   #     run  keep -              -                                     -
 *     1   #     run  keep 9.mlp          -                                     -
 *     2   #     run  keep 9.mlp, watch   1 of 9.mlp                            -
 *     3   +     refresh some  keep       2 of 9.mlp                            9.mlp
 *     4   +     refresh some  keep       2 of 9.mlp                            9.mlp
 *     5   ~     fold from 2              2 of 9.mlp                            -
 *     6   #     run  keep -              -                                     -
 *
 * Step 5 reads two features, so both are wanted of step 4, which patches the newest and makes none; a run makes one, so
 * that one less is wanted before it. Steps 4 and 3 both choose tokens by the scores of one and the same run, the last
 * before them: the branch is asked for once, however many steps choose, and step 2, which is the first run on the way
 * back, watches it and is done with it. Step 6 is not asked by anyone.
 */
export function keepWhatIsUsed(draft: readonly (readonly Op[])[], selector: SelectorSettings): readonly StepPlan[] {
  const demand = new Demand(selector);
  const programs = new Map<string, StepProgram>(); // thousands of steps have a few programs, and the keys are long
  const steps = draft.toReversed().map((ops): StepPlan => {
    const live = demand.live();
    const trimmed = demand.trimStep(ops);
    const own = programOfDraft(trimmed, selector);
    const program = programs.get(own.key) ?? own;
    programs.set(program.key, program);
    return { ops: trimmed, program, live };
  });
  return steps.reverse();
}

/** What the steps already walked over ask of those before them. */
class Demand {
  /** How many of the newest features of each id are read later. */
  readonly #wanted = new Map<FeatureId, number>();
  /**
   * The branches in which a later step selects tokens before their block is run again: the union over those steps,
   * since they all choose by the scores of the run before them.
   */
  readonly #selecting = new Set<BranchId>();
  readonly #scored: boolean;

  constructor(selector: SelectorSettings) {
    this.#scored = selector.score !== 'random';
  }

  live(): ReadonlyMap<FeatureId, number> {
    return new Map([...this.#wanted].filter(([, count]) => count > 0));
  }

  /** The operations of a step, without what nobody asks for. */
  trimStep(ops: readonly Op[]): readonly Op[] {
    const trimmed = ops
      .toReversed()
      .flatMap((op) => this.#trim(op))
      .reverse();
    const left = saidByWhat(joined(trimmed)); // neighbours that a store kept apart which nobody asks for
    for (const [feature, count] of readsOfDraft(left)) this.#want(feature, count);
    return left;
  }

  /** What is left of an operation: nothing, where nobody asks for any of it. */
  #trim(op: Op): readonly Op[] {
    switch (op.op) {
      case 'run': {
        const watch = op.watch.filter((branch) => this.#selecting.delete(branch));
        if (op.ahead) this.#make(op.ahead.pack);
        return [{ ...op, keep: op.keep.filter((feature) => this.#make(feature)), watch }];
      }
      case 'refresh':
        return [this.#trimRefresh(op)];
      case 'store':
        return this.#make(op.feature) ? [op] : [];
      case 'fold':
        return [op];
    }
  }

  #trimRefresh(op: Refresh): Refresh {
    const watch = (op.watch ?? []).filter((branch) => this.#selecting.has(branch));
    if (op.tokens === 'all') {
      for (const branch of watch) this.#selecting.delete(branch);
      return withWatch({ ...op, keep: this.#make(op.branch) }, watch);
    }
    if (this.#scored) this.#selecting.add(op.branch);
    return withWatch({ ...op, keep: (this.#wanted.get(op.branch) ?? 0) > 0 }, watch);
  }

  #want(feature: FeatureId, count: number): void {
    this.#wanted.set(feature, Math.max(count, this.#wanted.get(feature) ?? 0));
  }

  /** Whether a feature made here is read later; the older ones that are read with it come from before. */
  #make(feature: FeatureId): boolean {
    const count = this.#wanted.get(feature) ?? 0;
    this.#wanted.set(feature, Math.max(0, count - 1));
    return count > 0;
  }
}

/** The operations of a step, each refresh with the one before it that makes anew the scores of its tokens. */
function saidByWhat(ops: readonly Op[]): readonly Op[] {
  const makers = new Map<BranchId, BranchId>();
  return ops.map((op) => {
    if (op.op !== 'refresh') return op;
    const by = op.tokens === 'all' ? undefined : makers.get(op.branch);
    for (const branch of op.watch ?? []) makers.set(branch, op.branch);
    return by === undefined ? op : { ...op, by };
  });
}
