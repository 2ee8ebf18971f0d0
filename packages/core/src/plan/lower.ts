import { ProCacheError } from '../errors.ts';
import { MAX_ORDER, MAX_PLANNED, MAX_STEPS } from '../limits.ts';
import { policyOfParsed } from '../schedule/policy.ts';
import { parseSchedule, selectorOf } from '../schedule/schedule-json.ts';
import type { Action, Policy, Reuse, Schedule, ScoreName, SelectorSettings } from '../schedule/schedule.ts';
import {
  type Branch,
  branchesOf,
  type BranchId,
  roleOf,
  type SpanId,
  type StreamId,
  tokensOf,
  type Topology,
} from '../topology.ts';
import { integerOf, refuse } from '../untrusted/json-reader.ts';
import { shown } from '../untrusted/printable.ts';
import { History } from './history.ts';
import { keepWhatIsUsed } from './liveness.ts';
import { branchesWithin, type Fold, joined, type Op, type Refresh, type Run } from './operations.ts';
import { type Plan, vouchFor } from './plan.ts';

/** How tokens are chosen by a schedule that does not say: ProCache's and ToCa's rule for class-conditional models. */
export const DEFAULT_SELECTOR: SelectorSettings = {
  score: 'attention',
  age: 0.0625,
  cells: [2, 2],
  bonus: 0.6,
  paired: false,
};

/**
 * The plan of a schedule for a model of this topology.
 *
 * @throws {ProCacheError} `invalid-schedule` for a schedule that `parseSchedule` or `lower` refuses.
 */
export function planOf(schedule: Schedule, topology: Topology): Plan {
  return planOfParsed(parseSchedule(schedule), topology);
}

/** The same for a schedule that has been parsed. */
export function planOfParsed(schedule: Schedule, topology: Topology): Plan {
  const plan = lower(policyOfParsed(schedule), schedule.pattern.length, topology, schedule.selector);
  return vouchFor({ ...plan, pattern: schedule.pattern });
}

/**
 * Turns a policy into the shortest list of operations that has the same effect.
 *
 * Each step is first written down branch by branch; neighbours are merged on the way; then one
 * walk backwards over all steps (`keepWhatIsUsed`) leaves only those features that are read again.
 * The time grows with steps times features; the policy is asked once for each step and branch.
 *
 * @throws {ProCacheError} `invalid-schedule` for a branch that is used before any step has computed it, a span that is
 * reused in part, and more than `MAX_PLANNED` features times steps.
 */
export function lower(
  policy: Policy,
  steps: number,
  topology: Topology,
  selector: SelectorSettings = DEFAULT_SELECTOR,
): Plan {
  integerOf({ value: steps, place: 'steps', code: 'invalid-input' }, 1, MAX_STEPS);
  const branches = branchesOf(topology).flat();
  checkSize(steps, branches.length, 0);
  selectorOf({ value: selector, place: 'schedule.selector' });
  const rows = Array.from({ length: steps }, (_, step) =>
    branches.map((branch) => checkedAction(policy(step, branch), step, branch)),
  );
  const spans = spansOf(rows);
  checkSize(steps, branches.length, spans.length);
  const writer = new StepWriter(topology, spans, selector);
  return vouchFor({
    steps: keepWhatIsUsed(
      rows.map((row, step) => writer.write(row, step)),
      selector,
    ),
    selector,
  });
}

function checkSize(steps: number, branches: number, spans: number): void {
  if (steps * (branches + spans) <= MAX_PLANNED) return;
  const features = spans > 0 ? `${branches} branches and ${spans} spans` : `${branches} branches`;
  refuse(
    'schedule',
    `${steps} steps of ${features} are ${steps * (branches + spans)} decisions; ` +
      `the most that are planned are ${MAX_PLANNED}`,
  );
}

function checkedAction(action: Action, step: number, { id }: Branch): Action {
  if (action.do === 'reuse' && (action.order ?? 0) > MAX_ORDER) {
    refuse(
      `step ${step}, branch ${id}`,
      `an order of ${shown(action.order)} is above ${MAX_ORDER}, the highest that is forecast`,
    );
  }
  return action;
}

/** The actions of one step, in the order of the branches. */
type Row = readonly Action[];

/** A range of blocks that some step reuses as a whole. */
interface Span {
  readonly id: SpanId | StreamId;
  readonly first: number;
  readonly last: number;
  readonly absolute: boolean;
}

function spanOf({ span, absolute = false }: Reuse): Span | undefined {
  if (!span) return undefined;
  const [first, last] = span;
  return { id: absolute ? `@${last}` : `${first}-${last}`, first, last, absolute };
}

/**
 * Every span that any step reuses: what a step that computes its blocks must offer to keep. Absolute spans that end at
 * one block are one.
 */
function spansOf(rows: readonly Row[]): readonly Span[] {
  const spans = new Map<SpanId | StreamId, Span>();
  const reused = new Set(rows.flat().filter((action) => action.do === 'reuse'));
  for (const action of reused) {
    const span = spanOf(action);
    if (span) spans.set(span.id, { ...span, first: Math.min(span.first, spans.get(span.id)?.first ?? span.first) });
  }
  return [...spans.values()];
}

/** Writes steps down in order, and remembers which steps have computed what. */
class StepWriter {
  readonly #blocks: readonly (readonly Branch[])[];
  readonly #tokens: number;
  readonly #topology: Topology;
  readonly #score: ScoreName;
  /** The place of each block's first branch among all branches; after the last block, how many there are. */
  readonly #offsets: readonly number[];
  /** By their first block, what runs may keep; by their last, the stream that is stored there. */
  readonly #spansFrom = new Map<number, (Span & { readonly place: number })[]>();
  readonly #streamAt = new Map<number, Span>();
  readonly #history = new History();
  /** How many selective calls each branch has seen, and how many when it was last computed. */
  readonly #calls = new Map<BranchId, { readonly seen: number; readonly since: number }>();

  constructor(topology: Topology, spans: readonly Span[], { score }: SelectorSettings) {
    this.#blocks = branchesOf(topology);
    this.#score = score;
    this.#tokens = tokensOf(topology);
    this.#topology = topology;
    let count = 0;
    this.#offsets = [0, ...this.#blocks.map((branches) => (count += branches.length))];
    for (const [place, span] of spans.entries()) {
      if (span.absolute) {
        this.#streamAt.set(span.last, span);
      } else {
        const own = this.#spansFrom.get(span.first) ?? [];
        own.push({ ...span, place });
        this.#spansFrom.set(span.first, own);
      }
    }
  }

  write(row: Row, step: number): readonly Op[] {
    const ops: Op[] = [];
    let touched = -1; // the place of the last branch that the step computes or refreshes, among those written down
    for (let block = 0; block < this.#blocks.length;) {
      const actions = row.slice(this.#offsets[block], this.#offsets[block + 1]);
      const span = actions.map((action) => (action.do === 'reuse' ? spanOf(action) : undefined)).find(Boolean);
      const last = span ? this.#checkWhole(row, step, block, span) : block;
      ops.push(...(span ? [this.#fold(span.id, step, actions[0] as Reuse)] : this.#writeBlock(block, actions, step)));
      const moving = actions.findLastIndex((action) => action.do !== 'reuse');
      if (moving >= 0) touched = this.#offsets[block]! + moving;
      ops.push(...this.#stores(step, last, { touched, reused: span }));
      block = last + 1;
    }
    return joined(ops).map((op) => (op.op === 'run' ? this.#offering(op, step) : op));
  }

  #writeBlock(block: number, actions: readonly Action[], step: number): readonly Op[] {
    const branches = this.#blocks[block]!;
    if (actions.every((action) => action.do === 'compute')) {
      for (const { id } of branches) this.#rejuvenate(id);
      return [{ op: 'run', first: block, last: block, keep: [], watch: branches.map(({ id }) => id) }];
    }
    return branches.flatMap((branch, i) => this.#writeBranch(branch, actions[i]!, step));
  }

  #writeBranch(branch: Branch, action: Action, step: number): readonly Op[] {
    const { id } = branch;
    if (action.do === 'compute') {
      this.#history.made(id, step);
      this.#rejuvenate(id);
      return [
        { op: 'refresh', branch: id, tokens: 'all', call: 0, since: 0, keep: true, ...this.#scored(branch) },
        fold(id, [1]),
      ];
    }
    if (action.do === 'reuse') return [this.#fold(id, step, action)];
    this.#checkComputed(id, step);
    const { seen: call, since } = this.#calls.get(id) ?? { seen: 0, since: 0 };
    this.#calls.set(id, { seen: call + 1, since });
    const tokens = Math.floor(action.ratio * this.#tokens);
    // A refresh of no token is a reuse, but it ages the tokens: that is what `call` counts.
    return tokens === 0
      ? [fold(id, [1])]
      : [{ op: 'refresh', branch: id, tokens, call, since, keep: true, ...this.#scored(branch) }, fold(id, [1])];
  }

  /** What an evaluation of one module could score: attention to a text the branches of its block, by its entropy. */
  #scored({ block, module }: Branch): Pick<Refresh, 'watch'> {
    const scores = this.#score === 'cross-attention-entropy' && roleOf(this.#topology, module) === 'cross';
    return scores ? { watch: this.#blocks[block]!.map(({ id }) => id) } : {};
  }

  #fold(id: BranchId | SpanId | StreamId, step: number, action: Reuse): Fold {
    this.#checkComputed(id, step);
    return fold(id, this.#history.weights(id, step, action));
  }

  /** The last block of a span that begins here, once it is sure that the step reuses all of it. */
  #checkWhole(row: Row, step: number, block: number, span: Span): number {
    const end = Math.min(span.last + 1, this.#blocks.length);
    const [from, to] = [this.#offsets[span.first] ?? 0, this.#offsets[end]!];
    let partial = from;
    while (partial < to && isReuseOf(row[partial]!, span)) partial++;
    if (block === span.first && partial === to) return span.last;
    const id = this.#blocks.slice(span.first, end).flat()[partial - from]?.id;
    throw new ProCacheError(
      'invalid-schedule',
      `step ${step} reuses span [${span.first}, ${span.last}] at block ${block} but not at ` +
        `${id ?? `block ${span.first}`}; a span is reused as a whole: let its rule match all of its blocks and modules`,
    );
  }

  /**
   * A stream is stored by each step that computes or refreshes any of its blocks, unless it has just put the stored one
   * in place.
   */
  #stores(
    step: number,
    block: number,
    { touched, reused }: { readonly touched: number; readonly reused: Span | undefined },
  ): readonly Op[] {
    const stream = this.#streamAt.get(block);
    if (!stream || stream.id === reused?.id || touched < this.#offsets[stream.first]!) return [];
    this.#history.made(stream.id, step);
    return [{ op: 'store', feature: stream.id as StreamId }];
  }

  /** A run, merged to its full length, with all the features that it could keep. */
  #offering(run: Run, step: number): Run {
    const spans = this.#blocks.slice(run.first, run.last + 1).flatMap((_, i) => {
      const own = this.#spansFrom.get(run.first + i) ?? [];
      return own.filter(({ last }) => last <= run.last);
    });
    const ids = spans.sort((a, b) => a.place - b.place).map(({ id }) => id as SpanId);
    const keep = [...branchesWithin(run.first, run.last, this.#topology.blocks), ...ids];
    for (const feature of keep) this.#history.made(feature, step);
    return { ...run, keep };
  }

  /** A branch that is computed has no stale tokens: ages count from here. */
  #rejuvenate(branch: BranchId): void {
    const seen = this.#calls.get(branch)?.seen ?? 0;
    this.#calls.set(branch, { seen, since: seen });
  }

  #checkComputed(feature: BranchId | SpanId | StreamId, step: number): void {
    if (this.#history.has(feature)) return;
    throw new ProCacheError(
      'invalid-schedule',
      `step ${step} uses ${feature} before any step has computed it; ` +
        `let an earlier step compute it (step 0 computes everything in most schedules)`,
    );
  }
}

function isReuseOf(action: Action, { first, last, absolute }: Span): boolean {
  const own = action.do === 'reuse' ? spanOf(action) : undefined;
  return own !== undefined && own.absolute === absolute && own.last === last && (absolute || own.first === first);
}

function fold(feature: BranchId | SpanId | StreamId, weights: readonly number[]): Fold {
  return { op: 'fold', terms: [{ feature, weights }] };
}
