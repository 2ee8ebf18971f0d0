import type { Ahead, Fold, Op, Refresh, Run } from '../plan/operations.ts';
import { writesOf } from '../plan/reads-and-writes.ts';
import { chooseTokens } from '../running/choose-tokens.ts';
import type { Conditioned, Conditions, StepCall, StepResult, Tokens, Transformer } from '../running/transformer.ts';
import {
  type Branch,
  branchesOf,
  type BranchId,
  type FeatureId,
  isSpan,
  isStream,
  parseBranch,
  parseSpan,
  tokensOf,
  type Topology,
} from '../topology.ts';
import { type Network, type NetworkOptions, referenceNetwork } from './network.ts';
import { scoredAt } from './scored.ts';
import type { Stream } from './streams.ts';

/** A feature of the reference backend. */
export interface ReferenceTensor {
  readonly values: Stream;
  released: boolean;
}

export interface ReferenceOptions extends NetworkOptions {
  /** The arithmetic of some other model, instead of a network of random weights. */
  readonly network?: (conditions: Conditions) => Network;
  /** Called before each operation; what it throws is thrown from the step. */
  readonly onOp?: (step: number, op: Op) => void;
}

/** A transformer that counts the tensors it has handed out. */
export interface ReferenceTransformer extends Transformer<ReferenceTensor> {
  /** Tensors handed out and not yet released. */
  readonly live: number;
  /** Tensors that were still live when their generation was disposed of: a caller that releases all has 0. */
  readonly leaked: number;
}

/**
 * The executable specification of a backend: plain arrays, one operation at a time.
 *
 * Releasing a tensor twice, or using it after that, throws. A step that fails hands out nothing.
 */
export function referenceTransformer(options: ReferenceOptions): ReferenceTransformer {
  const { network = (conditions: Conditions) => referenceNetwork(options, conditions) } = options;
  const counts = { live: 0, leaked: 0 };
  return {
    topology: options.topology,
    latent: network({ timesteps: [], images: [] }).latent,
    hoists: true,
    get live() {
      return counts.live;
    },
    get leaked() {
      return counts.leaked;
    },
    prepare: () => Promise.resolve(),
    condition: (conditions) => Promise.resolve(condition(network(conditions), options, counts)),
    dispose: () => Promise.resolve(),
  };
}

function condition(
  network: Network,
  { topology, onOp }: ReferenceOptions,
  counts: { live: number; leaked: number },
): Conditioned<ReferenceTensor> {
  const own = new Set<ReferenceTensor>();
  let disposed = false;
  const make = (values: Stream): ReferenceTensor => {
    const tensor = { values, released: false };
    own.add(tensor);
    counts.live++;
    return tensor;
  };
  const release = (tensor: ReferenceTensor): void => {
    if (!own.delete(tensor)) throw new Error('a tensor was released twice, or is of another generation');
    tensor.released = true;
    counts.live--;
  };
  return {
    // eslint-disable-next-line @typescript-eslint/require-await -- what it throws is to be a rejection
    async execute(call) {
      if (disposed) throw new Error('the generation has been disposed of');
      const walk = new StepWalk(network, topology, call);
      for (const op of call.plan.ops) {
        onOp?.(call.step, op);
        walk.follow(op);
      }
      return walk.result(make);
    },
    // eslint-disable-next-line @typescript-eslint/require-await -- what it throws is to be a rejection
    async read(tensor) {
      if (tensor.released) throw new Error('a feature was read after its release');
      return Float32Array.from(tensor.values);
    },
    release,
    dispose: () => {
      counts.leaked += own.size;
      disposed = true;
      own.forEach(release);
      return Promise.resolve();
    },
  };
}

/** One step on its way: the stream, and what has been made so far. */
class StepWalk {
  readonly #network: Network;
  readonly #topology: Topology;
  readonly #call: StepCall<ReferenceTensor>;
  readonly #made = new Map<FeatureId, Stream>();
  readonly #scores = new Map<BranchId, Float32Array>();
  readonly #chosen = new Map<BranchId, Tokens>();
  readonly #x: Stream;

  constructor(network: Network, topology: Topology, call: StepCall<ReferenceTensor>) {
    this.#network = network;
    this.#topology = topology;
    this.#call = call;
    this.#x = network.embed(call.latent, call.step);
  }

  follow(op: Op): void {
    switch (op.op) {
      case 'run':
        this.#run(op);
        break;
      case 'refresh':
        this.#refresh(op);
        break;
      case 'fold':
        this.#fold(op);
        break;
      case 'store':
        this.#made.set(op.feature, this.#x.slice());
    }
  }

  /** What the step hands out: the features that the plan writes, and of what it made nothing else. */
  result(make: (values: Stream) => ReferenceTensor): StepResult<ReferenceTensor> {
    const output = this.#network.readOut(this.#x, this.#call.step);
    const written = writesOf(this.#call.plan.ops).map(
      ({ feature }) => [feature, make(this.#made.get(feature)!)] as const,
    );
    return { output, features: new Map(written), scores: this.#scores, chosen: this.#chosen };
  }

  #run({ first, last, keep, watch, ahead }: Run): void {
    const { step } = this.#call;
    const sums = ahead?.sums.map(() => new Float64Array(this.#x.length)) ?? [];
    const spans = keep.filter(isSpan).map((id) => ({ id, blocks: parseSpan(id) }));
    const before = new Map<FeatureId, Stream>();
    const blocks = branchesOf(this.#topology);
    for (let block = first; block <= last; block++) {
      for (const {
        id,
        blocks: [from],
      } of spans)
        if (from === block) before.set(id, this.#x.slice());
      for (const branch of blocks[block]!) {
        this.#score(branch, watch);
        const feature = this.#network.evaluate(branch, this.#x, step);
        this.#network.add(this.#x, branch.id, feature, step);
        if (keep.includes(branch.id)) this.#made.set(branch.id, feature);
        this.#addAhead(ahead, sums, branch.id, feature);
      }
      for (const {
        id,
        blocks: [, to],
      } of spans)
        if (to === block)
          this.#made.set(
            id,
            this.#x.map((x, i) => x - before.get(id)![i]!),
          );
    }
    if (ahead) this.#made.set(ahead.pack, Float64Array.from(sums.flatMap((sum) => [...sum])));
  }

  /**
   * Scores what is watched where the stream comes to a branch: the branch itself, or by attention to a text all
   * branches of the block.
   */
  #score(branch: Branch, watch: readonly BranchId[]): void {
    const { score } = this.#call.plan.program;
    if (score === undefined) return;
    const scored = scoredAt(this.#topology, branch, score).filter((id) => watch.includes(id));
    if (scored.length === 0) return;
    const values = this.#network.score(score, this.#x, branch);
    for (const id of scored) this.#scores.set(id, values);
  }

  /** Scores some tokens anew, and leaves those of the others as they were. */
  #rescore(branch: Branch, watch: readonly BranchId[], chosen: readonly (readonly number[])[] | undefined): void {
    if (watch.length === 0) return;
    const fresh = this.#network.score(this.#call.plan.program.score!, this.#x, branch);
    const values = chosen ? this.#call.within!.scores.get(branch.id)!.slice() : fresh;
    const tokens = tokensOf(this.#topology);
    chosen?.forEach((own, image) => {
      for (const token of own) values[image * tokens + token] = fresh[image * tokens + token]!;
    });
    for (const id of watch) this.#scores.set(id, values);
  }

  /** The tokens of a refresh: those that were chosen before the step, or by scores that it has just made. */
  #tokensOf({ branch, by }: Refresh): Tokens {
    if (by === undefined) return this.#call.tokens.get(branch)!;
    const { plan, within } = this.#call;
    const choice = within!.choices.get(branch)!;
    const tokens = chooseTokens(this.#scores.get(branch)!, choice, plan.program.choice!, this.#topology.grid);
    this.#chosen.set(branch, tokens);
    return tokens;
  }

  /** Adds a feature to what later steps will fold, through the gate that the branch has then. */
  #addAhead(ahead: Ahead | undefined, sums: readonly Stream[], branch: BranchId, feature: Stream): void {
    ahead?.sums.forEach(({ step, terms }, i) => {
      for (const term of terms)
        if (term.branch === branch) this.#network.add(sums[i]!, branch, feature, step, term.weight);
    });
  }

  /** Patches the rows of the chosen tokens; the tensor that it was lent stays as it is. */
  #refresh(op: Refresh): void {
    const { step } = this.#call;
    const { branch: id, watch = [] } = op;
    const branch = { id, ...parseBranch(id) };
    if (op.tokens === 'all') {
      this.#rescore(branch, watch, undefined);
      this.#made.set(id, this.#network.evaluate(branch, this.#x, step));
      return;
    }
    const { count, indices } = this.#tokensOf(op);
    const chosen = Array.from({ length: indices.length / count }, (_, image) => [
      ...indices.subarray(image * count, (image + 1) * count),
    ]);
    this.#rescore(branch, watch, chosen);
    const fresh = this.#network.evaluate(branch, this.#x, step, chosen);
    const patched = this.#lent(id, 0).slice();
    const { width } = this.#network;
    const rows = tokensOf(this.#topology);
    chosen.forEach((own, image) => {
      for (const token of own) {
        const start = (image * rows + token) * width;
        patched.set(fresh.subarray(start, start + width), start);
      }
    });
    this.#made.set(id, patched);
  }

  #fold({ terms, sums = [] }: Fold): void {
    for (const { feature: id, weights } of terms) {
      if (isStream(id)) this.#x.fill(0);
      weights.forEach((weight, k) => {
        const feature = (k === 0 ? this.#made.get(id) : undefined) ?? this.#lent(id, k);
        if (isStream(id) || isSpan(id)) feature.forEach((value, i) => (this.#x[i]! += weight * value));
        else this.#network.add(this.#x, id as BranchId, feature, this.#call.step, weight);
      });
    }
    for (const { pack, index } of sums) {
      const sum = this.#lent(pack, 0).subarray(index * this.#x.length, (index + 1) * this.#x.length);
      sum.forEach((value, i) => (this.#x[i]! += value));
    }
  }

  #lent(id: FeatureId, k: number): Stream {
    const tensor = this.#call.features.get(id)?.[k];
    if (!tensor) throw new Error(`step ${this.#call.step} was not lent feature ${id}, ${k} back`);
    if (tensor.released) throw new Error(`feature ${id} was used after its release`);
    return tensor.values;
  }
}
