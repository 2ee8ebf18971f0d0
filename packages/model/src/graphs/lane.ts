import {
  type BranchId,
  branchId,
  type FeatureId,
  isStream,
  parseSpan,
  type ProgramOp,
  type ScoreName,
  type SpanId,
  type StepProgram,
} from '@procache/core';
import type { GraphBuilder, OutputRole, Value } from '../onnx/graph-builder.ts';
import type { Dimension, ElementType } from '../onnx/model-proto.ts';
import { AheadSums } from './ahead-sums.ts';
import { choice, patchedScores, rowsOfTokens } from './choice.ts';
import type { TextInputs } from './contexts.ts';
import type { ModuleCall, ModuleResult } from './emitter.ts';
import type { GraphModel } from './graph-model.ts';
import { asRows, entry } from './layers.ts';
import {
  agesOf,
  chosenOf,
  countOf,
  IMAGES,
  inLane,
  inputOf,
  outputOf,
  packOf,
  rowsOf,
  scoreOf,
  staleScoresOf,
} from './names.ts';

/** A module that a lane has come to: whoever writes the graph evaluates it and says what came out. */
export interface ModuleRequest {
  readonly branch: BranchId;
  readonly call: ModuleCall;
}

/** Writing that pauses at every module. */
type Writing<T> = Generator<ModuleRequest, T, ModuleResult>;

/** The program of a lane, the lane's number in its graph, and what its modules see of the texts. */
export interface LanePlace {
  readonly program: StepProgram;
  readonly lane: number;
  readonly text: TextInputs;
}

type RunOp = Extract<ProgramOp, { op: 'run' }>;
type RefreshOp = Extract<ProgramOp, { op: 'refresh' }>;

/**
 * One step program in a graph, from latent to model output.
 *
 * Its inputs are those that `StepInputs` makes, and what its modules ask for of the texts (`Contexts`); its outputs are
 * those that `stepOutputs` names.
 *
 * `write` writes operation by operation and pauses wherever a module is to be evaluated, since other lanes may come to
 * the same module: whoever drives the lanes (`stepGraph`) evaluates it for all of them with one copy of its weights,
 * and hands each lane its result. Take the program `run 0-0, refresh 1.mlp` (some tokens), for blocks of `attn` and
 * `mlp`:
 *
 *     lane asks for 0.attn   x, all tokens        -> feature; x <- x + gate * feature
 *     lane asks for 0.mlp    x, all tokens        -> feature; x <- x + gate * feature
 *     lane asks for 1.mlp    x, rows `rows 1.mlp` -> rows, put into `feature 1.mlp 0`: the output `feature 1.mlp`
 *     `finish`               what was added up ahead becomes an output, after the operations of all lanes
 */
export class Lane {
  readonly #g: GraphBuilder;
  readonly #model: GraphModel;
  readonly #program: StepProgram;
  readonly #lane: number;
  readonly #text: TextInputs;
  readonly #modulation: Value;
  readonly #coefficients: Value | undefined;
  readonly #slices: Value | undefined;
  /** The features that this step has made so far. */
  readonly #made = new Map<FeatureId, Value>();
  readonly #read = new Map<string, Value>();
  /** The scores that this step has made anew. */
  readonly #scores = new Map<BranchId, Value>();
  /** How many coefficients the folds so far have used, how many prepared sums, and how many runs there were. */
  #folded = 0;
  #added = 0;
  #runs = 0;
  /** Sums under way, that are finished when everything else is. */
  readonly #pending: (() => void)[] = [];

  constructor(g: GraphBuilder, model: GraphModel, { program, lane, text }: LanePlace) {
    this.#g = g;
    this.#model = model;
    this.#program = program;
    this.#lane = lane;
    this.#text = text;
    const { width, entries } = model.stream;
    this.#modulation = this.#input('modulation', [IMAGES, entries, width]);
    const folds = program.ops.filter((op) => op.op === 'fold');
    const terms = sum(folds.flatMap((fold) => fold.terms.map(({ depth }) => depth)));
    const sums = sum(folds.map((fold) => fold.sums));
    this.#coefficients = terms > 0 ? this.#input('coefficients', [terms, IMAGES, 1, width]) : undefined;
    this.#slices = sums > 0 ? this.#input('slices', [sums], 'int64') : undefined;
  }

  /** Writes the program, module by module. */
  *write(): Writing<void> {
    const g = this.#g;
    const { emitter, latent } = this.#model;
    let x = emitter.embed(g, this.#input('latent', [IMAGES, latent.channels, latent.height, latent.width]));
    for (const op of this.#program.ops) x = yield* this.#write(op, x);
    const output = emitter.head(g, x, this.#modulation);
    this.#output('output', output, [IMAGES, latent.outChannels, latent.height, latent.width], 'output');
  }

  /** Writes what belongs at the end of a graph, after all lanes. */
  finish(): void {
    for (const finish of this.#pending) finish();
  }

  *#write(op: ProgramOp, x: Value): Writing<Value> {
    switch (op.op) {
      case 'run':
        return yield* this.#run(op, x);
      case 'refresh':
        yield* this.#refresh(op, x);
        return x;
      case 'fold':
        return this.#fold(op, x);
      case 'store':
        this.#store(op.feature, x);
        return x;
    }
  }

  *#run({ first, last, keep, watch, ahead }: RunOp, x: Value): Writing<Value> {
    const sums =
      ahead.length > 0
        ? new AheadSums(this.#g, this.#model.stream, ahead, { lane: this.#lane, run: this.#runs })
        : undefined;
    this.#runs++;
    if (sums) this.#pending.push(() => sums.finish());
    const spans = keep.filter((feature): feature is SpanId => !feature.includes('.'));
    const entered = new Map<number, Value>();
    for (let block = first; block <= last; block++) {
      entered.set(block, x);
      x = yield* this.#runBlock(block, x, { keep, watch, sums });
      for (const span of spans) {
        const [from, to] = parseSpan(span);
        if (to === block) this.#store(span, this.#g.op('Sub', [x, entered.get(from)!]));
      }
    }
    return x;
  }

  *#runBlock(
    block: number,
    x: Value,
    { keep, watch, sums }: Pick<RunOp, 'keep' | 'watch'> & { readonly sums: AheadSums | undefined },
  ): Writing<Value> {
    const g = this.#g;
    const branches = this.#model.topology.blocks[block]!.map((module) => branchId(block, module));
    const watched = watch.filter((branch) => branches.includes(branch));
    const score = watched.length > 0 ? this.#program.score : undefined;
    for (const branch of branches) {
      const result = yield { branch, call: { ...this.#call(x), ...(score && { observe: score }) } };
      if (keep.includes(branch)) this.#store(branch, result.feature);
      sums?.take(branch, result.feature);
      // Attention speaks for all branches of its block; the scores of a token itself are each branch's own.
      const scored = result.score ? watched : watched.filter((own) => own === branch);
      for (const own of scored) {
        const value = result.score ?? this.#ownScore(score!, x, result.feature);
        if (value) this.#output(scoreOf(own), value, [IMAGES, this.#model.stream.tokens], 'score');
      }
      const gate = this.#model.gateOf(branch);
      const gated =
        gate === undefined ? result.feature : g.op('Mul', [entry(g, this.#modulation, gate), result.feature]);
      x = g.op('Add', [x, gated]);
    }
    return x;
  }

  #call(x: Value): ModuleCall {
    return { x, modulation: this.#modulation, ...this.#text };
  }

  /** Scores that need no attention: of the token as it enters the module, and of what the module makes of it. */
  #ownScore(score: ScoreName, x: Value, feature: Value): Value | undefined {
    const g = this.#g;
    const last = g.integers([-1]);
    const norm = (value: Value) => g.op('ReduceL2', [value, last], { keepdims: 0 });
    if (score === 'token-norm') return norm(x);
    if (score !== 'similarity') return undefined;
    const dot = g.op('ReduceSum', [g.op('Mul', [x, feature]), last], { keepdims: 0 });
    const lengths = g.op('Max', [g.op('Mul', [norm(x), norm(feature)]), g.scalar(1e-8)]);
    return g.op('Sub', [g.scalar(1), g.op('Div', [dot, lengths])]);
  }

  *#refresh(op: RefreshOp, x: Value): Writing<void> {
    const g = this.#g;
    const { branch, keep, watch = [] } = op;
    const call = { ...this.#call(x), ...(watch.length > 0 && { observe: this.#program.score! }) };
    let feature: Value;
    if (op.tokens === 'all') {
      const result = yield { branch, call };
      ({ feature } = result);
      this.#rescore(watch, result.score);
    } else {
      const { width, tokens: count } = this.#model.stream;
      const rows =
        op.by === undefined ? this.#input(rowsOf(branch), [IMAGES, `count ${branch}`], 'int64') : this.#choose(branch);
      const { feature: fresh, score } = yield { branch, call: { ...call, rows } };
      const stale = asRows(g, this.#feature(branch, 0), width);
      const places = g.op('Reshape', [rows, g.integers([-1, 1])]);
      const patched = g.op('ScatterND', [stale, places, fresh]);
      feature = g.op('Reshape', [patched, g.integers([-1, count, width])]);
      if (watch.length > 0) {
        const staleScores = this.#input(staleScoresOf(branch), [IMAGES, count]);
        this.#rescore(watch, patchedScores(g, staleScores, places, score!));
      }
    }
    if (keep) this.#store(branch, feature);
    else this.#made.set(branch, feature);
  }

  /** Hands out new scores, and keeps them for choices later in the step. */
  #rescore(watch: readonly BranchId[], score: Value | undefined): void {
    for (const own of watch) {
      this.#scores.set(own, score!);
      this.#output(scoreOf(own), score!, [IMAGES, this.#model.stream.tokens], 'score');
    }
  }

  /** The rows of the tokens that are best by scores which this step has made. */
  #choose(branch: BranchId): Value {
    const g = this.#g;
    const { tokens } = this.#model.stream;
    const count = this.#input(countOf(branch), [1], 'int64');
    const ages = this.#input(agesOf(branch), [IMAGES, tokens]);
    const inputs = { scores: this.#scores.get(branch)!, ages, count };
    const chosen = choice(g, inputs, this.#program.choice!, this.#model.topology.grid);
    this.#output(chosenOf(branch), g.op('Cast', [chosen], { to: 1 }), [IMAGES, `count ${branch}`], 'score');
    return rowsOfTokens(g, chosen, tokens);
  }

  #fold({ terms, sums }: Extract<ProgramOp, { op: 'fold' }>, x: Value): Value {
    const g = this.#g;
    const features = terms.flatMap(({ feature, depth }) =>
      Array.from({ length: depth }, (_, age) => this.#feature(feature, age)),
    );
    const added = features.length > 0 ? [this.#weightedSum(features)] : [];
    for (let i = 0; i < sums; i++) added.push(this.#preparedSum());
    if (terms[0] === undefined || !isStream(terms[0].feature)) added.unshift(x);
    return added.reduce((sum, value) => g.op('Add', [sum, value]));
  }

  /** A sum that an earlier run has prepared: a slice of a pack. */
  #preparedSum(): Value {
    const g = this.#g;
    const { tokens, width } = this.#model.stream;
    const pack = this.#input(packOf(this.#added), [`sums ${this.#added}`, IMAGES, tokens, width]);
    const slice = g.op('Gather', [this.#slices!, g.integers(this.#added++)], { axis: 0 });
    return g.op('Gather', [pack, slice], { axis: 0 });
  }

  /**
   * Each feature times its coefficient, summed in pairs: as a chain it takes half as long again, and a buffer per term.
   */
  #weightedSum(features: readonly Value[]): Value {
    const g = this.#g;
    const middle = features.length >> 1;
    if (middle > 0)
      return g.op('Add', [this.#weightedSum(features.slice(0, middle)), this.#weightedSum(features.slice(middle))]);
    // [images, 1, width]
    const coefficient = g.op('Gather', [this.#coefficients!, g.integers(this.#folded++)], { axis: 0 });
    return g.op('Mul', [coefficient, features[0]!]);
  }

  /** A feature as the program sees it now: what it made itself, or what it is lent. */
  #feature(feature: FeatureId, age: number): Value {
    const made = this.#made.get(feature);
    if (made) return made;
    const name = inputOf(feature, age);
    const { tokens, width } = this.#model.stream;
    const value = this.#read.get(name) ?? this.#input(name, [IMAGES, tokens, width]);
    this.#read.set(name, value);
    return value;
  }

  #store(feature: FeatureId, value: Value): void {
    const { tokens, width } = this.#model.stream;
    this.#output(outputOf(feature), value, [IMAGES, tokens, width], 'feature');
    this.#made.set(feature, value);
  }
  #input(name: string, shape: readonly Dimension[], type: ElementType = 'float32'): Value {
    return this.#g.input(inLane(this.#lane, name), type, this.#own(shape));
  }

  #output(name: string, value: Value, shape: readonly Dimension[], role: OutputRole): void {
    this.#g.output(inLane(this.#lane, name), value, this.#own(shape), role);
  }

  /** Lanes differ in their extents too: ONNX Runtime lets values share memory whose extents have the same names. */
  #own(shape: readonly Dimension[]): readonly Dimension[] {
    return shape.map((extent) => (typeof extent === 'string' ? inLane(this.#lane, extent) : extent));
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
