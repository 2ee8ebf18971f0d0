import {
  type Action,
  type BranchId,
  branchesOf,
  branchId,
  hoist,
  isSpan,
  isStream,
  lower,
  parseSpan,
  type Plan,
  type ProgramOp,
  programsOf,
  type ScoreName,
  type StepProgram,
  type Topology,
} from '@procache/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inlineWeight, type Linear } from '../onnx/weight.ts';
import { decodeGraph } from '../testing/onnx-decoder.ts';
import { interpret } from '../testing/onnx-interpreter.ts';
import { at, filled, type PlainTensor, tensor } from '../testing/plain-tensor.ts';
import type { Emitter } from './emitter.ts';
import type { GraphModel } from './graph-model.ts';
import { asRows, entry, jointly, linear } from './layers.ts';
import { inLane } from './names.ts';
import { stepGraph } from './step-graph.ts';

const [TOKENS, WIDTH, CHANNELS, ENTRIES] = [4, 3, 2, 12];
const topology: Topology = {
  blocks: [
    ['attn', 'mlp'],
    ['attn', 'cross', 'mlp'],
    ['attn', 'mlp'],
  ],
  grid: [2, 2],
};
const branches = branchesOf(topology).flat();
/** Each branch has a gate but those of `cross`. */
const gateOf = (branch: BranchId) =>
  branch.endsWith('cross') ? undefined : branches.findIndex(({ id }) => id === branch);

let state = 1;
const number = () => Math.fround(((state = (state * 48271) % 2147483647) / 2147483647) * 2 - 1);
const numbers = (dims: readonly number[]) => filled(dims, number);
const matrices = new Map(branches.map(({ id }) => [id, numbers([WIDTH, WIDTH])]));
const [input, output] = [numbers([WIDTH, CHANNELS]), numbers([CHANNELS, WIDTH])];
/** The same tensor is the same layer, so that a graph holds it once. */
const layers = new Map<PlainTensor, Linear>();
function layerOf(weight: PlainTensor): Linear {
  const { dims, data } = weight;
  const layer = layers.get(weight) ?? {
    weight: inlineWeight(Float32Array.from(data), dims),
    bias: inlineWeight(new Float32Array(dims[0]!), [dims[0]!]),
  };
  layers.set(weight, layer);
  return layer;
}

/**
 * A transformer that is easily done by hand: a module is a matrix and a sigmoid of the token, of a vector of the
 * modulation and, where it is `cross`, of one of the image's text.
 */
const emitter: Emitter = {
  embed(g, latent) {
    const tokens = g.op('Transpose', [g.op('Reshape', [latent, g.integers([-1, CHANNELS, TOKENS])])], {
      perm: [0, 2, 1],
    });
    const rows = linear(g, asRows(g, tokens, CHANNELS), layerOf(input));
    return g.op('Reshape', [rows, g.integers([-1, TOKENS, WIDTH])]);
  },
  module(g, branch, calls) {
    const layer = layerOf(matrices.get(branch)!);
    const wanted = calls.map((call) => {
      const shift = entry(g, call.modulation, branches.findIndex(({ id }) => id === branch) % 5);
      const shifted = g.op('Add', [call.x, shift]);
      const seen = branch.endsWith('cross') ? g.op('Add', [shifted, call.context('word')]) : shifted;
      const rows = asRows(g, seen, WIDTH);
      return call.rows ? g.op('Gather', [rows, g.op('Reshape', [call.rows, g.integers([-1])])], { axis: 0 }) : rows;
    });
    const features = jointly(g, wanted, (rows) => g.op('Sigmoid', [linear(g, rows, layer)]));
    return calls.map(({ rows, observe }, i) => {
      if (rows) return { feature: features[i]! };
      const feature = g.op('Reshape', [features[i]!, g.integers([-1, TOKENS, WIDTH])]);
      if (observe !== 'attention' || !branch.endsWith('attn')) return { feature };
      return { feature, score: g.op('ReduceSum', [feature, g.integers([-1])], { keepdims: 0 }) };
    });
  },
  head(g, x, modulation) {
    const rows = linear(g, asRows(g, g.op('Mul', [x, entry(g, modulation, ENTRIES - 1)]), WIDTH), layerOf(output));
    const tokens = g.op('Reshape', [rows, g.integers([-1, TOKENS, CHANNELS])]);
    return g.op('Reshape', [
      g.op('Transpose', [tokens], { perm: [0, 2, 1] }),
      g.integers([-1, CHANNELS, ...topology.grid]),
    ]);
  },
  modulations: () => {
    throw new Error('not asked for');
  },
};

const model: GraphModel = {
  topology,
  emitter,
  stream: { tokens: TOKENS, width: WIDTH, entries: ENTRIES },
  latent: { channels: CHANNELS, outChannels: CHANNELS, height: 2, width: 2 },
  gateOf,
  text: { tokens: 5, contexts: [{ name: 'word', shape: [1, WIDTH] }] },
};

/** Rows of a weight times a vector. */
const times = (weight: PlainTensor, vector: readonly number[]) =>
  Array.from({ length: weight.dims[0]! }, (_, row) => vector.reduce((sum, v, i) => sum + at(weight, [row, i]) * v, 0));
const tokensOf = (images: number, vector: (image: number, token: number) => readonly number[]): PlainTensor =>
  tensor(
    [images, TOKENS, WIDTH],
    Array.from({ length: images * TOKENS }, (_, row) => vector(Math.floor(row / TOKENS), row % TOKENS)).flat(),
  );
const vectorAt = (x: PlainTensor, ...place: readonly number[]) =>
  Array.from({ length: WIDTH }, (_, d) => at(x, [...place, d]));

type Feeds = Readonly<Record<string, PlainTensor>>;

/** What a program makes of its inputs, operation by operation, over plain arrays: the slow twin of `Lane`. */
class Walk {
  readonly made: Record<string, PlainTensor> = {};
  readonly #feeds: Feeds;
  readonly #images: number;
  readonly #own = new Map<string, PlainTensor>();
  readonly #score: ScoreName | undefined;
  #x: PlainTensor;
  #terms = 0;
  #sums = 0;
  #runs = 0;

  constructor({ ops, score }: StepProgram, feeds: Feeds) {
    const latent = feeds['latent']!;
    this.#feeds = feeds;
    this.#images = latent.dims[0]!;
    this.#score = score;
    this.#x = tokensOf(this.#images, (image, token) =>
      times(
        input,
        [0, 1].map((c) => latent.data[(image * CHANNELS + c) * TOKENS + token]!),
      ),
    );
    for (const op of ops) this.#follow(op);
    this.made['output'] = filled([this.#images, CHANNELS, 2, 2], ([image, channel, row, column]) => {
      const x = vectorAt(this.#x, image!, row! * 2 + column!);
      return times(
        output,
        x.map((value, d) => value * this.#modulation(image!, ENTRIES - 1, d)),
      )[channel!]!;
    });
  }

  #follow(op: ProgramOp): void {
    if (op.op === 'run') this.#run(op);
    else if (op.op === 'refresh') this.#refresh(op);
    else if (op.op === 'store') this.#store(op.feature, this.#x);
    else this.#fold(op);
  }

  #run({ first, last, keep, watch, ahead }: Extract<ProgramOp, { op: 'run' }>): void {
    const entered = new Map<number, PlainTensor>();
    const factors = this.#feeds[`ahead coefficients ${this.#runs}`];
    const sums = factors && filled([factors.dims[1]!, ...this.#x.dims], () => 0);
    for (let block = first; block <= last; block++) {
      entered.set(block, this.#x);
      const own = topology.blocks[block]!.map((module) => branchId(block, module));
      const watched = watch.filter((branch) => own.includes(branch));
      for (const branch of own) {
        const feature = this.#evaluate(branch);
        if (keep.includes(branch)) this.#store(branch, feature);
        watched.forEach((scored) => this.#scores(scored, branch, feature));
        const place = ahead.indexOf(branch);
        if (sums && place >= 0) addAhead(sums, feature, (sum, image, d) => at(factors, [place, sum, image, 0, d]));
        this.#add(feature, (image, d) => {
          const gate = gateOf(branch);
          return gate === undefined ? 1 : this.#modulation(image, gate, d);
        });
      }
      for (const span of keep.filter(isSpan)) {
        const [from, to] = parseSpan(span);
        const before = entered.get(from)!;
        if (to === block) this.#store(span, { ...before, data: this.#x.data.map((x, i) => x - before.data[i]!) });
      }
    }
    if (sums) this.made[`ahead ${this.#runs}`] = sums;
    this.#runs++;
  }

  #refresh({ branch, tokens, keep }: Extract<ProgramOp, { op: 'refresh' }>): void {
    let feature = this.#evaluate(branch);
    if (tokens === 'some') {
      const rows = new Set(this.#feeds[`rows ${branch}`]!.data);
      const [fresh, stale] = [feature, this.#feature(branch, 0)];
      feature = tokensOf(this.#images, (image, token) =>
        vectorAt(rows.has(image * TOKENS + token) ? fresh : stale, image, token),
      );
    }
    this.#own.set(branch, feature);
    if (keep) this.made[`feature ${branch}`] = feature;
  }

  #fold({ terms, sums }: Extract<ProgramOp, { op: 'fold' }>): void {
    if (terms[0] && isStream(terms[0].feature)) this.#x = { ...this.#x, data: new Float64Array(this.#x.data.length) };
    for (const { feature, depth } of terms)
      for (let age = 0; age < depth; age++) {
        const term = this.#terms++;
        this.#add(this.#feature(feature, age), (image, d) => at(this.#feeds['coefficients']!, [term, image, 0, d]));
      }
    for (let i = 0; i < sums; i++) {
      const pack = this.#feeds[`pack ${this.#sums}`]!;
      const start = this.#feeds['slices']!.data[this.#sums++]! * this.#x.data.length;
      this.#x = { ...this.#x, data: this.#x.data.map((x, at) => x + pack.data[start + at]!) };
    }
  }

  #evaluate(branch: BranchId): PlainTensor {
    const entry = branches.findIndex(({ id }) => id === branch) % 5;
    return tokensOf(this.#images, (image, token) => {
      const seen = vectorAt(this.#x, image, token).map((x, d) => x + this.#modulation(image, entry, d));
      if (branch.endsWith('cross')) {
        const text = this.#feeds['text of image']!.data[image]!;
        seen.forEach((x, d) => (seen[d] = x + at(this.#feeds['context word']!, [text, 0, d])));
      }
      return times(matrices.get(branch)!, seen).map((x) => 1 / (1 + Math.exp(-x)));
    });
  }

  #scores(scored: BranchId, branch: BranchId, feature: PlainTensor): void {
    const score = this.#scoreOf(scored, branch, feature);
    if (score) this.made[`score ${scored}`] = score;
  }

  #scoreOf(scored: BranchId, branch: BranchId, feature: PlainTensor): PlainTensor | undefined {
    const ofToken = (value: (x: readonly number[], f: readonly number[]) => number) =>
      filled([this.#images, TOKENS], ([image, token]) =>
        value(vectorAt(this.#x, image!, token!), vectorAt(feature, image!, token!)),
      );
    if (this.#score === 'attention')
      return branch.endsWith('attn') ? ofToken((_, f) => f.reduce((a, b) => a + b)) : undefined;
    if (scored !== branch) return undefined;
    if (this.#score === 'token-norm') return ofToken((x) => Math.hypot(...x));
    return ofToken((x, f) => 1 - x.reduce((sum, v, d) => sum + v * f[d]!, 0) / (Math.hypot(...x) * Math.hypot(...f)));
  }

  #store(feature: string, value: PlainTensor): void {
    this.#own.set(feature, value);
    this.made[`feature ${feature}`] = value;
  }

  #feature(feature: string, age: number): PlainTensor {
    return this.#own.get(feature) ?? this.#feeds[`feature ${feature} ${age}`]!;
  }

  #add(feature: PlainTensor, factor: (image: number, d: number) => number): void {
    const x = this.#x;
    this.#x = filled(x.dims, ([image, token, d]) => {
      const place = [image!, token!, d!];
      return at(x, place) + factor(image!, d!) * at(feature, place);
    });
  }

  #modulation(image: number, entry: number, d: number): number {
    return at(this.#feeds['modulation']!, [image, entry, d]);
  }
}

/** Adds a feature to each of some sums, [sums, images, tokens, width]. */
function addAhead(
  sums: PlainTensor,
  feature: PlainTensor,
  factor: (sum: number, image: number, d: number) => number,
): void {
  const more = filled(
    sums.dims,
    ([sum, image, token, d]) => factor(sum!, image!, d!) * at(feature, [image!, token!, d!]),
  );
  more.data.forEach((value, i) => (sums.data[i]! += value));
}

/** The inputs that a program has by the documentation of `Lane`, filled at random. */
function feedsOf({ ops }: StepProgram, images: number): Feeds {
  const folds = ops.filter((op) => op.op === 'fold');
  const terms = folds.flatMap((fold) => fold.terms.map(({ depth }) => depth)).reduce((a, b) => a + b, 0);
  const sums = folds.reduce((count, fold) => count + fold.sums, 0);
  const stream = [images, TOKENS, WIDTH];
  const feeds: Record<string, PlainTensor> = {
    latent: numbers([images, CHANNELS, 2, 2]),
    modulation: numbers([images, ENTRIES, WIDTH]),
  };
  if (terms > 0) feeds['coefficients'] = numbers([terms, images, 1, WIDTH]);
  if (sums > 0)
    feeds['slices'] = tensor(
      [sums],
      Array.from({ length: sums }, (_, i) => i % 2),
    );
  for (let i = 0; i < sums; i++) feeds[`pack ${i}`] = numbers([2 + i, ...stream]);
  ops
    .filter((op) => op.op === 'run')
    .forEach(({ ahead }, run) => {
      if (ahead.length > 0) feeds[`ahead coefficients ${run}`] = numbers([ahead.length, 2, images, 1, WIDTH]);
    });
  const made = new Set<string>();
  for (const op of ops) {
    if (op.op === 'refresh' && op.tokens === 'some') {
      const rows = Array.from({ length: images }, (_, image) => [image * TOKENS, image * TOKENS + 2]).flat();
      feeds[`rows ${op.branch}`] = tensor([images, 2], rows);
      feeds[`feature ${op.branch} 0`] = numbers(stream);
    }
    if (op.op === 'refresh') made.add(op.branch);
    const read = op.op === 'fold' ? op.terms.filter(({ feature }) => !made.has(feature)) : [];
    for (const { feature, depth } of read)
      for (let age = 0; age < depth; age++) feeds[`feature ${feature} ${age}`] ??= numbers(stream);
  }
  if (evaluates(ops, '1.cross')) {
    feeds['context word'] = numbers([2, 1, WIDTH]);
    feeds['text of image'] = tensor(
      [images],
      Array.from({ length: images }, (_, image) => image % 2),
    );
  }
  return feeds;
}

function evaluates(ops: readonly ProgramOp[], branch: BranchId): boolean {
  const block = Number.parseInt(branch, 10);
  return ops.some((op) =>
    op.op === 'run' ? op.first <= block && block <= op.last : op.op === 'refresh' && op.branch === branch,
  );
}

const action: fc.Arbitrary<Action> = fc.oneof(
  fc.constant<Action>({ do: 'compute' }),
  fc.record({ do: fc.constant('reuse' as const), order: fc.nat(2) }),
  fc.record({ do: fc.constant('refresh' as const), ratio: fc.constantFrom(0.5, 1) }),
);
const wholeStep: fc.Arbitrary<Action> = fc.oneof(
  fc.constant<Action>({ do: 'reuse', span: [1, 2] }),
  fc.constant<Action>({ do: 'reuse', span: [1, 2], absolute: true }),
);
/** Plans of random policies, plain and hoisted. */
const plans: fc.Arbitrary<Plan> = fc
  .record({
    steps: fc.array(
      fc.record({ each: fc.array(action, { minLength: 7, maxLength: 7 }), whole: fc.option(wholeStep) }),
      {
        minLength: 1,
        maxLength: 4,
      },
    ),
    score: fc.constantFrom<ScoreName>('attention', 'token-norm', 'similarity'),
    hoisted: fc.boolean(),
  })
  .map(({ steps, score, hoisted }) => {
    const plan = lower(
      (step, { id, block }) => {
        const own = steps[step - 1];
        if (!own) return { do: 'compute' };
        return own.whole && block > 0 ? own.whole : own.each[branches.findIndex((branch) => branch.id === id)]!;
      },
      steps.length + 1,
      topology,
      { score, bonus: 0 },
    );
    return hoisted ? hoist(plan) : plan;
  });

const close = (one: Feeds, other: Feeds): void => {
  expect(Object.keys(one).sort()).toEqual(Object.keys(other).sort());
  for (const [name, { dims, data }] of Object.entries(one)) {
    expect(dims).toEqual(other[name]!.dims);
    data.forEach((value, i) => expect(value, `${name}[${i}]`).toBeCloseTo(other[name]!.data[i]!, 6));
  }
};

describe('stepGraph', () => {
  it('computes what a program says, and has the inputs and outputs that are documented', async () => {
    await fc.assert(
      fc.asyncProperty(plans, fc.integer({ min: 1, max: 3 }), async (plan, images) => {
        for (const program of programsOf(plan)) {
          const feeds = feedsOf(program, images);
          const run = await interpret(stepGraph(model, [program])); // throws for other inputs, and other extents
          close(run(feeds), new Walk(program, feeds).made);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('runs one lane of several while the others are given no images', async () => {
    await fc.assert(
      fc.asyncProperty(plans, async (plan) => {
        const programs = programsOf(plan).slice(0, 3);
        const graph = stepGraph(model, programs);
        const run = await interpret(graph);
        const { inputs } = decodeGraph(graph.bytes);
        for (const [lane, program] of programs.entries()) {
          const feeds = feedsOf(program, 2);
          const own = Object.entries(feeds).map(([name, value]) => [inLane(lane, name), value] as const);
          const idle = inputs.map(({ name, shape }) => {
            const dims = shape.map((extent) =>
              typeof extent === 'number' ? extent : extent.startsWith('images') ? 0 : 1,
            );
            return [name, filled(dims, () => 0)] as const;
          });
          const expected = new Walk(program, feeds).made;
          const outputs = run(
            Object.fromEntries([...idle, ...own]),
            Object.keys(expected).map((name) => inLane(lane, name)),
          );
          close(
            Object.fromEntries(Object.keys(expected).map((name) => [name, outputs[inLane(lane, name)]!])),
            expected,
          );
        }
      }),
      { numRuns: 20 },
    );
  });

  it('holds a weight that several lanes multiply by once', () => {
    const plan = lower((step) => (step === 0 ? { do: 'compute' } : { do: 'refresh', ratio: 0.5 }), 2, topology);
    const programs = programsOf(plan);
    expect(programs).toHaveLength(2);
    const bytes = programs.map((program) => stepGraph(model, [program]).weightBytes);
    expect(stepGraph(model, programs).weightBytes).toBe(Math.max(...bytes));
  });

  it('has a context once for all lanes, and only where a module asks for it', () => {
    const compute = programsOf(lower(() => ({ do: 'compute' }), 1, topology))[0]!;
    const reuse = programsOf(lower((step) => ({ do: step === 0 ? 'compute' : 'reuse' }), 2, topology))[1]!;
    const namesOf = (programs: readonly StepProgram[]) =>
      stepGraph(model, programs)
        .inputs.map(({ name }) => name)
        .filter((name) => /context|text|padding/.test(name));
    expect(namesOf([reuse])).toEqual([]);
    expect(namesOf([compute, compute])).toEqual(['context word', 'text of image', 'text of image @1']);
  });
});
