import { ProCacheError } from './errors.ts';
import { forecastWeights } from './forecast.ts';
import { keepWhatIsUsed } from './liveness.ts';
import { appendOp, branchesWithin, covers, type Fold, type Op, type Plan, type Run } from './plan.ts';
import { type Action, type Policy, policyOf, type Reuse, type Schedule, type SelectorSettings } from './schedule.ts';
import { type Branch, branchesOf, type BranchId, type FeatureId, isSpan, isStream, type SpanId, tokensOf, type Topology } from './topology.ts';

/** How tokens are chosen by a schedule that does not say: ProCache's and ToCa's rule for class-conditional models. */
export const DEFAULT_SELECTOR: SelectorSettings = { score: 'attention', age: 0.0625, cells: [2, 2], bonus: 0.6, paired: false };

/** The plan of a schedule for a model of this topology. */
export function planOf(schedule: Schedule, topology: Topology): Plan {
  const plan = lower(policyOf(schedule), schedule.pattern.length, topology, schedule.selector);
  return { ...plan, pattern: schedule.pattern };
}

/**
 * Turns a policy into the shortest list of operations that has the same effect.
 *
 * Each step is first written down branch by branch; neighbours are merged on the way; then one
 * walk backwards over all steps (`keepWhatIsUsed`) leaves only those features that are read again.
 */
export function lower(
  policy: Policy,
  steps: number,
  topology: Topology,
  selector: SelectorSettings = DEFAULT_SELECTOR,
): Plan {
  const writer = new StepWriter(topology, spansOf(policy, steps, topology));
  const draft = Array.from({ length: steps }, (_, step) => writer.write(policy, step));
  return { steps: keepWhatIsUsed(draft, selector), selector };
}

/** A range of blocks that some step reuses as a whole. */
interface Span {
  readonly id: FeatureId;
  readonly first: number;
  readonly last: number;
}

function spanOf({ span, absolute }: Reuse): Span | undefined {
  if (!span) return undefined;
  const [first, last] = span;
  return { id: absolute ? `@${last}` : `${first}-${last}`, first, last };
}

/** Every span that the policy ever reuses: what a step that computes its blocks must offer to keep. Absolute spans that end at one block are one. */
function spansOf(policy: Policy, steps: number, topology: Topology): readonly Span[] {
  const spans = new Map<FeatureId, Span>();
  for (let step = 0; step < steps; step++) {
    for (const branch of branchesOf(topology).flat()) {
      const action = policy(step, branch);
      const span = action.do === 'reuse' ? spanOf(action) : undefined;
      if (span) spans.set(span.id, { ...span, first: Math.min(span.first, spans.get(span.id)?.first ?? span.first) });
    }
  }
  return [...spans.values()];
}

/** Writes steps down in order, and remembers which steps have computed what. */
class StepWriter {
  readonly #blocks: readonly (readonly Branch[])[];
  readonly #tokens: number;
  readonly #topology: Topology;
  readonly #spans: readonly Span[];
  /** The steps at which each feature was computed, newest first. */
  readonly #computed = new Map<FeatureId, readonly number[]>();
  /** How many selective calls each branch has seen, and how many when it was last computed. */
  readonly #calls = new Map<BranchId, { readonly seen: number; readonly since: number }>();

  constructor(topology: Topology, spans: readonly Span[]) {
    this.#blocks = branchesOf(topology);
    this.#tokens = tokensOf(topology);
    this.#topology = topology;
    this.#spans = spans;
  }

  write(policy: Policy, step: number): readonly Op[] {
    const ops: Op[] = [];
    for (let block = 0; block < this.#blocks.length; ) {
      const actions = this.#blocks[block]!.map((branch) => policy(step, branch));
      const span = actions.map((action) => (action.do === 'reuse' ? spanOf(action) : undefined)).find(Boolean);
      const last = span ? this.#checkWhole(policy, step, block, span) : block;
      for (const op of span ? [this.#foldSpan(actions[0] as Reuse, span, step)] : this.#writeBlock(block, actions, step)) appendOp(ops, op);
      for (const op of this.#stores(policy, step, last, span)) appendOp(ops, op);
      block = last + 1;
    }
    return ops.map((op) => (op.op === 'run' ? this.#offering(op, step) : op));
  }

  #writeBlock(block: number, actions: readonly Action[], step: number): readonly Op[] {
    const branches = this.#blocks[block]!;
    if (actions.every((action) => action.do === 'compute')) {
      for (const { id } of branches) this.#rejuvenate(id);
      return [{ op: 'run', first: block, last: block, keep: [], watch: branches.map(({ id }) => id) }];
    }
    return branches.flatMap((branch, i) => this.#writeBranch(branch, actions[i]!, step));
  }

  #writeBranch({ id }: Branch, action: Action, step: number): readonly Op[] {
    if (action.do === 'compute') {
      this.#made(id, step);
      this.#rejuvenate(id);
      return [{ op: 'refresh', branch: id, tokens: 'all', call: 0, since: 0, keep: true }, fold(id, [1])];
    }
    const history = this.#history(id, step);
    if (action.do === 'reuse') return [fold(id, forecastWeights(history, step, action.order ?? 0, action.forecast))];
    const { seen: call, since } = this.#calls.get(id) ?? { seen: 0, since: 0 };
    this.#calls.set(id, { seen: call + 1, since });
    const tokens = Math.floor(action.ratio * this.#tokens);
    // A refresh of no token is a reuse, but it ages the tokens: that is what `call` counts.
    return tokens === 0 ? [fold(id, [1])] : [{ op: 'refresh', branch: id, tokens, call, since, keep: true }, fold(id, [1])];
  }

  #foldSpan(action: Reuse, { id }: Span, step: number): Fold {
    return fold(id, forecastWeights(this.#history(id, step), step, action.order ?? 0, action.forecast));
  }

  /** The last block of a span that begins here, once it is sure that the step reuses all of it. */
  #checkWhole(policy: Policy, step: number, block: number, span: Span): number {
    const covered = this.#blocks.slice(span.first, span.last + 1).flat();
    const partial = covered.find((branch) => {
      const action = policy(step, branch);
      return action.do !== 'reuse' || spanOf(action)?.id !== span.id;
    });
    if (block === span.first && covered.length > 0 && !partial) return span.last;
    throw new ProCacheError(
      'invalid-schedule',
      `step ${step} reuses span [${span.first}, ${span.last}] at block ${block} but not at ` +
        `${partial?.id ?? `block ${span.first}`}; a span is reused as a whole: let its rule match all of its blocks and modules`,
    );
  }

  /** Streams are stored by each step that computes or refreshes any of their blocks, unless it has just put the stored one in place. */
  #stores(policy: Policy, step: number, block: number, reused: Span | undefined): readonly Op[] {
    return this.#spans
      .filter(({ id, last }) => isStream(id) && last === block && id !== reused?.id)
      .filter(({ first, last }) => this.#blocks.slice(first, last + 1).flat().some((branch) => policy(step, branch).do !== 'reuse'))
      .map(({ id }) => {
        this.#made(id, step);
        return { op: 'store', feature: id } as Op;
      });
  }

  /** A run, merged to its full length, with all the features that it could keep. */
  #offering(run: Run, step: number): Run {
    const spans = this.#spans.map(({ id }) => id).filter((id): id is SpanId => isSpan(id) && covers(run, id));
    const keep = [...branchesWithin(run.first, run.last, this.#topology.blocks), ...spans];
    for (const feature of keep) this.#made(feature, step);
    return { ...run, keep };
  }

  /** A branch that is computed has no stale tokens: ages count from here. */
  #rejuvenate(branch: BranchId): void {
    const seen = this.#calls.get(branch)?.seen ?? 0;
    this.#calls.set(branch, { seen, since: seen });
  }

  #made(feature: FeatureId, step: number): void {
    this.#computed.set(feature, [step, ...(this.#computed.get(feature) ?? [])]);
  }

  #history(feature: FeatureId, step: number): readonly number[] {
    const computed = this.#computed.get(feature);
    if (computed) return computed;
    throw new ProCacheError(
      'invalid-schedule',
      `step ${step} uses ${feature} before any step has computed it; let an earlier step compute it (step 0 computes everything in most schedules)`,
    );
  }
}

function fold(feature: FeatureId, weights: readonly number[]): Fold {
  return { op: 'fold', terms: [{ feature, weights }] };
}
