import type { Conditions, Tokens } from '../running/transformer.ts';
import type { Action, ForecastRule, Policy, Reuse, ScoreName } from '../schedule/schedule.ts';
import { type Branch, branchesOf, type BranchId, tokensOf, type Topology } from '../topology.ts';
import { type Network, type NetworkOptions, referenceNetwork } from './network.ts';
import { scoredAt } from './scored.ts';
import type { Stream } from './streams.ts';

export interface NaiveOptions extends NetworkOptions {
  readonly policy: Policy;
  readonly conditions: Conditions;
  readonly score?: ScoreName;
}

/** What a step came to. */
export interface NaiveStep {
  /** [images, outChannels, height, width] */
  readonly output: Float32Array;
  /** The raw scores of the branches that were scored, as those of each block that was computed as a whole are. */
  readonly scores: ReadonlyMap<BranchId, Float32Array>;
}

/** Takes the steps in order, from 0, each with the tokens that its refreshes are given. */
export type NaiveDenoiser = (latent: Float32Array, step: number, tokens?: ReadonlyMap<BranchId, Tokens>) => NaiveStep;

/**
 * The obvious way to follow a policy: branch by branch, with everything kept for ever.
 *
 * Nothing here is planned, merged or freed, and forecasts are worked out in another way than in
 * `forecastWeights`. A plan is right when its transformer gives these numbers.
 */
export function naiveDenoiser({ policy, conditions, score = 'attention', ...options }: NaiveOptions): NaiveDenoiser {
  const network = referenceNetwork(options, conditions);
  const memory = new Memory(branchesOf(options.topology), policy, conditions.timesteps.length);
  return (latent, step, tokens = new Map()) => {
    const { topology } = options;
    const walk: Walk = { network, memory, topology, step, tokens, x: network.embed(latent, step), scores: new Map() };
    const taken = memory.begin(step);
    for (let block = 0; block < memory.blocks.length;) {
      taken.before.set(block, walk.x.slice());
      const last = followBlock(walk, block, taken, score);
      taken.after.set(last, walk.x.slice());
      block = last + 1;
    }
    return { output: network.readOut(walk.x, step), scores: walk.scores };
  };
}

interface Walk {
  readonly network: Network;
  readonly memory: Memory;
  readonly topology: Topology;
  readonly step: number;
  readonly tokens: ReadonlyMap<BranchId, Tokens>;
  readonly x: Stream;
  readonly scores: Map<BranchId, Float32Array>;
}

/** Follows the policy through a block, or through the span that it begins; returns the last block of that. */
function followBlock(walk: Walk, block: number, taken: TakenStep, score: ScoreName): number {
  const { network, memory, step, tokens, x } = walk;
  const branches = memory.blocks[block]!;
  const [action] = branches.map(({ id }) => taken.actions.get(id)!);
  if (action?.do === 'reuse' && action.span) {
    const feature = forecast(memory.span(action, step), step, action);
    feature.forEach((value, i) => (x[i] = action.absolute ? value : x[i]! + value));
    return action.span[1];
  }
  const whole = branches.every(({ id }) => taken.actions.get(id)!.do === 'compute');
  for (const branch of branches) {
    const own = taken.actions.get(branch.id)!;
    const evaluated = own.do === 'compute' || (own.do === 'refresh' && tokens.has(branch.id));
    if (whole || (evaluated && score === 'cross-attention-entropy')) takeScores(walk, branch, score);
    network.add(x, branch.id, featureOf(walk, branch, own), step);
  }
  return block;
}

/** Scores the branches that are scored here: of a refresh its tokens only, and the others stay as they were. */
function takeScores({ network, memory, topology, tokens, x, scores }: Walk, branch: Branch, score: ScoreName): void {
  const fresh = network.score(score, x, branch);
  const given = tokens.get(branch.id);
  const rows = tokensOf(topology);
  for (const id of scoredAt(topology, branch, score)) {
    const values = given ? memory.scores.get(id)!.slice() : fresh;
    given?.indices.forEach((token, i) => {
      const row = Math.floor(i / given.count) * rows + token;
      values[row] = fresh[row]!;
    });
    memory.scores.set(id, values);
    scores.set(id, values);
  }
}

/** What a branch adds at this step, before its gate. */
function featureOf({ network, memory, step, tokens, x }: Walk, branch: Branch, action: Action): Stream {
  const history = memory.branch(branch.id);
  switch (action.do) {
    case 'compute': {
      const values = network.evaluate(branch, x, step);
      history.unshift({ step, values });
      return values;
    }
    case 'reuse':
      return forecast(history, step, action);
    case 'refresh': {
      const given = tokens.get(branch.id);
      if (!given) return history[0]!.values;
      const fresh = network.evaluate(branch, x, step);
      const rows = fresh.length / network.width / (given.indices.length / given.count);
      const chosen = new Set(Array.from(given.indices, (token, i) => Math.floor(i / given.count) * rows + token));
      const values = history[0]!.values.map((old, i) => (chosen.has(Math.floor(i / network.width)) ? fresh[i]! : old));
      history[0] = { step: history[0]!.step, values };
      return values;
    }
  }
}

interface Stored {
  readonly step: number;
  readonly values: Stream;
}

interface TakenStep {
  readonly step: number;
  readonly actions: ReadonlyMap<BranchId, Action>;
  /** The stream on entering each block and on leaving it; absent inside a span that was reused. */
  readonly before: Map<number, Stream>;
  readonly after: Map<number, Stream>;
}

/** All that ever happened. */
class Memory {
  readonly blocks: readonly (readonly Branch[])[];
  /** The raw scores that were last taken of each branch. */
  readonly scores = new Map<BranchId, Float32Array>();
  readonly #planned: readonly ReadonlyMap<BranchId, Action>[];
  readonly #taken: TakenStep[] = [];
  readonly #branches = new Map<BranchId, Stored[]>();

  constructor(blocks: readonly (readonly Branch[])[], policy: Policy, steps: number) {
    this.blocks = blocks;
    this.#planned = Array.from(
      { length: steps },
      (_, step) => new Map(blocks.flat().map((branch) => [branch.id, policy(step, branch)])),
    );
  }

  begin(step: number): TakenStep {
    const taken = {
      step,
      actions: this.#planned[step]!,
      before: new Map<number, Stream>(),
      after: new Map<number, Stream>(),
    };
    this.#taken.push(taken);
    return taken;
  }

  /** The features of a branch, newest first. */
  branch(id: BranchId): Stored[] {
    const stored = this.#branches.get(id) ?? [];
    this.#branches.set(id, stored);
    return stored;
  }

  /** What there is to reuse for a span, newest first. */
  span(reuse: Reuse, step: number): readonly Stored[] {
    const [first, last] = reuse.span!;
    const earlier = this.#taken.filter((taken) => taken.step < step).reverse();
    return reuse.absolute ? this.#streams(last, earlier) : this.#additions(first, last, earlier);
  }

  /** What a span added to the stream at each step that computed all of it. */
  #additions(first: number, last: number, earlier: readonly TakenStep[]): readonly Stored[] {
    const branches = this.blocks.slice(first, last + 1).flat();
    return earlier
      .filter(({ actions }) => branches.every(({ id }) => actions.get(id)!.do === 'compute'))
      .map(({ step, before, after }) => ({
        step,
        values: after.get(last)!.map((value, i) => value - before.get(first)![i]!),
      }));
  }

  /**
   * The stream after a block at each step that computed or refreshed any of the absolute spans that end there, and did
   * not reuse one of them.
   */
  #streams(last: number, earlier: readonly TakenStep[]): readonly Stored[] {
    const ends = (action: Action) => action.do === 'reuse' && action.absolute === true && action.span?.[1] === last;
    const all = this.#planned.flatMap((actions) => [...actions.values()].filter(ends)) as Reuse[];
    const first = Math.min(...all.map(({ span }) => span![0]));
    const branches = this.blocks.slice(first, last + 1).flat();
    return earlier
      .filter(({ actions, after }) => {
        const own = branches.map(({ id }) => actions.get(id)!);
        return after.has(last) && own.some((action) => action.do !== 'reuse') && !own.some(ends);
      })
      .map(({ step, after }) => ({ step, values: after.get(last)! }));
  }
}

function forecast(history: readonly Stored[], step: number, { order = 0, forecast: rule = 'taylor' }: Reuse): Stream {
  const rules: Readonly<Record<ForecastRule, typeof taylorSeer>> = { taylor: taylorSeer, lagrange: newton };
  return rules[rule](history, step, order);
}

/**
 * TaylorSeer as its code goes: differences are carried from one computed step to the next, then summed with x^k / k!.
 */
function taylorSeer(history: readonly Stored[], step: number, order: number): Stream {
  let differences: readonly Stream[] = [];
  let at = 0;
  for (const { step: now, values } of history.toReversed()) {
    const next = [values];
    for (let k = 0; k < Math.min(order, differences.length); k++) {
      next.push(next[k]!.map((value, i) => (value - differences[k]![i]!) / (now - at)));
    }
    [differences, at] = [next, now];
  }
  let factor = 1;
  return differences.reduce((sum, difference, k) => {
    if (k > 0) factor *= (step - at) / k;
    return sum.map((value, i) => value + factor * difference[i]!);
  }, new Float64Array(differences[0]!.length));
}

/** The interpolating polynomial in Newton's form, by a table of divided differences. */
function newton(history: readonly Stored[], step: number, order: number): Stream {
  const nodes = history.slice(0, order + 1);
  let column = nodes.map(({ values }) => values);
  let sum = column[0]!;
  let factor = 1;
  for (let k = 1; k < nodes.length; k++) {
    const left = column;
    column = left
      .slice(1)
      .map((values, j) => values.map((value, i) => (value - left[j]![i]!) / (nodes[j + k]!.step - nodes[j]!.step)));
    factor *= step - nodes[k - 1]!.step;
    sum = sum.map((value, i) => value + factor * column[0]![i]!);
  }
  return sum;
}
