import { type BranchId, branchId, type FeatureId, isStream, parseSpan, type ProgramOp, type ScoreName, type SpanId, type StepProgram, type Topology } from '@procache/core';
import { GraphBuilder, type OnnxGraph, type Value } from '../onnx/graph-builder.ts';
import { AheadSums } from './ahead-sums.ts';
import { type Emitter, inputOf, outputOf, packOf, rowsOf, scoreOf, type StreamShape } from './emitter.ts';
import { asRows, entry } from './layers.ts';

/** Everything that a step graph is written from. */
export interface StepGraphModel {
  readonly topology: Topology;
  readonly emitter: Emitter;
  readonly stream: StreamShape;
  readonly latent: { readonly channels: number; readonly outChannels: number; readonly height: number; readonly width: number };
  /** The entry of the modulation that gates a branch; a branch without a gate has none. */
  readonly gateOf: (branch: BranchId) => number | undefined;
}

/**
 * One ONNX graph for one step program: from latent to model output, stored features in and out.
 *
 * Inputs: `latent`; `modulation`, the step's shifts, scales and gates [images, entries, width];
 * `coefficients`, gate times weight of each folded feature in the order of the fold terms, newest
 * feature first [terms, images, 1, width]; the features that the program reads; the rows that it refreshes.
 * For the sums that it prepares: gate times weight of each branch in each sum, [branches, sums, images, 1, width].
 * For those that it adds: the packs, [sums, images, tokens, width], and `slices`, which of a pack is meant.
 */
export function stepGraph(model: StepGraphModel, program: StepProgram): OnnxGraph {
  return new StepWriter(model, program).write();
}

type RunOp = Extract<ProgramOp, { op: 'run' }>;

class StepWriter {
  readonly #g: GraphBuilder;
  readonly #model: StepGraphModel;
  readonly #program: StepProgram;
  readonly #modulation: Value;
  readonly #coefficients: Value | undefined;
  #slices: Value | undefined;
  /** The features that this step has made so far. */
  readonly #made = new Map<FeatureId, Value>();
  readonly #read = new Map<string, Value>();
  /** How many coefficients the folds so far have used, how many prepared sums, and how many runs there were. */
  #folded = 0;
  #added = 0;
  #runs = 0;
  /** Sums under way, that are finished when everything else is. */
  readonly #pending: (() => void)[] = [];

  constructor(model: StepGraphModel, program: StepProgram) {
    this.#model = model;
    this.#program = program;
    this.#g = new GraphBuilder(`step`);
    const { width, entries } = model.stream;
    this.#modulation = this.#g.input('modulation', 'float32', ['images', entries, width]);
    const folds = program.ops.some((op) => op.op === 'fold' && op.terms.length > 0);
    this.#coefficients = folds ? this.#g.input('coefficients', 'float32', ['terms', 'images', 1, width]) : undefined;
  }

  write(): OnnxGraph {
    const g = this.#g;
    const { emitter, latent } = this.#model;
    let x = emitter.embed(g, g.input('latent', 'float32', ['images', latent.channels, latent.height, latent.width]));
    for (const op of this.#program.ops) x = this.#write(op, x);
    const output = emitter.head(g, x, this.#modulation);
    g.output('output', output, ['images', latent.outChannels, latent.height, latent.width]);
    for (const finish of this.#pending) finish();
    return g.build();
  }

  #write(op: ProgramOp, x: Value): Value {
    switch (op.op) {
      case 'run':
        return this.#run(op, x);
      case 'refresh':
        this.#refresh(op, x);
        return x;
      case 'fold':
        return this.#fold(op, x);
      case 'store':
        this.#store(op.feature, x);
        return x;
    }
  }

  #run({ first, last, keep, watch, ahead }: RunOp, x: Value): Value {
    const sums = ahead.length > 0 ? new AheadSums(this.#g, this.#model.stream, this.#runs, ahead) : undefined;
    this.#runs++;
    if (sums) this.#pending.push(() => sums.finish());
    const spans = keep.filter((feature): feature is SpanId => !feature.includes('.'));
    const entered = new Map<number, Value>();
    for (let block = first; block <= last; block++) {
      entered.set(block, x);
      x = this.#runBlock(block, x, { keep, watch, sums });
      for (const span of spans) {
        const [from, to] = parseSpan(span);
        if (to === block) this.#store(span, this.#g.op('Sub', [x, entered.get(from)!]));
      }
    }
    return x;
  }

  #runBlock(block: number, x: Value, { keep, watch, sums }: Pick<RunOp, 'keep' | 'watch'> & { readonly sums: AheadSums | undefined }): Value {
    const g = this.#g;
    const branches = this.#model.topology.blocks[block]!.map((module) => branchId(block, module));
    const watched = watch.filter((branch) => branches.includes(branch));
    const score = watched.length > 0 ? this.#program.score : undefined;
    for (const branch of branches) {
      const result = this.#model.emitter.module(g, { branch, x, modulation: this.#modulation, ...(score && { observe: score }) });
      if (keep.includes(branch)) this.#store(branch, result.feature);
      sums?.take(branch, result.feature);
      // Attention speaks for all branches of its block; the scores of a token itself are each branch's own.
      const scored = result.score ? watched : watched.filter((own) => own === branch);
      for (const own of scored) {
        const value = result.score ?? this.#ownScore(score!, x, result.feature);
        if (value) g.output(scoreOf(own), value, ['images', this.#model.stream.tokens]);
      }
      const gate = this.#model.gateOf(branch);
      const gated = gate === undefined ? result.feature : g.op('Mul', [entry(g, this.#modulation, gate), result.feature]);
      x = g.op('Add', [x, gated]);
    }
    return x;
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

  #refresh({ branch, tokens, keep }: Extract<ProgramOp, { op: 'refresh' }>, x: Value): void {
    const g = this.#g;
    const call = { branch, x, modulation: this.#modulation };
    let feature: Value;
    if (tokens === 'all') {
      feature = this.#model.emitter.module(g, call).feature;
    } else {
      const { width, tokens: count } = this.#model.stream;
      const rows = g.input(rowsOf(branch), 'int64', ['images', `count ${branch}`]);
      const fresh = this.#model.emitter.module(g, { ...call, rows }).feature;
      const stale = asRows(g, this.#feature(branch, 0), width);
      const patched = g.op('ScatterND', [stale, g.op('Reshape', [rows, g.integers([-1, 1])]), fresh]);
      feature = g.op('Reshape', [patched, g.integers([-1, count, width])]);
    }
    if (keep) this.#store(branch, feature);
    else this.#made.set(branch, feature);
  }

  #fold({ terms, sums }: Extract<ProgramOp, { op: 'fold' }>, x: Value): Value {
    const g = this.#g;
    const features = terms.flatMap(({ feature, depth }) => Array.from({ length: depth }, (_, age) => this.#feature(feature, age)));
    const added = features.length > 0 ? [this.#weightedSum(features)] : [];
    for (let i = 0; i < sums; i++) added.push(this.#preparedSum());
    if (terms[0] === undefined || !isStream(terms[0].feature)) added.unshift(x);
    return added.reduce((sum, value) => g.op('Add', [sum, value]));
  }

  /** A sum that an earlier run has prepared: a slice of a pack. */
  #preparedSum(): Value {
    const g = this.#g;
    const { tokens, width } = this.#model.stream;
    this.#slices ??= g.input('slices', 'int64', ['slices']);
    const pack = g.input(packOf(this.#added), 'float32', [`sums ${this.#added}`, 'images', tokens, width]);
    const slice = g.op('Gather', [this.#slices, g.integers(this.#added++)], { axis: 0 });
    return g.op('Gather', [pack, slice], { axis: 0 });
  }

  /** Each feature times its coefficient, summed in pairs: as a chain it takes half as long again, and a buffer per term. */
  #weightedSum(features: readonly Value[]): Value {
    const g = this.#g;
    const middle = features.length >> 1;
    if (middle > 0) return g.op('Add', [this.#weightedSum(features.slice(0, middle)), this.#weightedSum(features.slice(middle))]);
    const coefficient = g.op('Gather', [this.#coefficients!, g.integers(this.#folded++)], { axis: 0 }); // [images, 1, width]
    return g.op('Mul', [coefficient, features[0]!]);
  }

  /** A feature as the program sees it now: what it made itself, or what it is lent. */
  #feature(feature: FeatureId, age: number): Value {
    const made = this.#made.get(feature);
    if (made) return made;
    const name = inputOf(feature, age);
    const { tokens, width } = this.#model.stream;
    const value = this.#read.get(name) ?? this.#g.input(name, 'float32', ['images', tokens, width]);
    this.#read.set(name, value);
    return value;
  }

  #store(feature: FeatureId, value: Value): void {
    const { tokens, width } = this.#model.stream;
    this.#g.output(outputOf(feature), value, ['images', tokens, width]);
    this.#made.set(feature, value);
  }
}
