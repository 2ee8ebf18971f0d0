import { asRows, gelu } from '../graphs/layers.ts';
import { GraphBuilder, type OnnxGraph, type Value } from '../onnx/graph-builder.ts';
import type { Weight } from '../onnx/weight.ts';

/** The weights of one block of a T5, none of whose layers has a bias. */
export interface T5Block {
  /** [width] */
  readonly attentionNorm: Weight;
  /** [heads * depth, width] each */
  readonly query: Weight;
  readonly key: Weight;
  readonly value: Weight;
  /** [width, heads * depth] */
  readonly projection: Weight;
  /** [width] */
  readonly denseNorm: Weight;
  /** [middle, width] each */
  readonly gate: Weight;
  readonly linear: Weight;
  /** [width, middle] */
  readonly output: Weight;
}

interface StreamShape {
  readonly width: number;
  readonly epsilon: number;
}

/** The inputs of the graphs. */
export const HIDDEN = 'hidden';
export const POSITION_BIAS = 'positions';
export const TEXT_PADDING = 'padding';

const SHAPE = ['texts', 'tokens'] as const;

/** One block: attention among the tokens of each text, without a scale, then an MLP with a gate. */
export function t5BlockGraph(
  block: T5Block,
  { name, width, heads, epsilon }: StreamShape & { readonly name: string; readonly heads: number },
): OnnxGraph {
  const g = new GraphBuilder(name);
  const hidden = g.input(HIDDEN, 'float32', [...SHAPE, width]);
  const positions = g.input(POSITION_BIAS, 'float32', [1, heads, 'tokens', 'tokens']);
  const padding = g.input(TEXT_PADDING, 'float32', ['texts', 1, 1, 'tokens']);
  const shape = g.op('Shape', [hidden]);
  const x = asRows(g, hidden, width);

  const inner = block.query.shape[0]!;
  const normed = rootNorm(g, x, block.attentionNorm, epsilon);
  const perHead = (rows: Value, perm: readonly number[]) => {
    const split = g.op('Concat', [outer(g, hidden), g.integers([heads, inner / heads])], { axis: 0 });
    return g.op('Transpose', [g.op('Reshape', [rows, split])], { perm });
  };
  const query = perHead(times(g, normed, block.query), [0, 2, 1, 3]); // [texts, heads, tokens, depth]
  const key = perHead(times(g, normed, block.key), [0, 2, 3, 1]);
  const value = perHead(times(g, normed, block.value), [0, 2, 1, 3]);
  const logits = g.op('Add', [g.op('Add', [g.op('MatMul', [query, key]), positions]), padding]);
  const mixed = g.op('MatMul', [g.op('Softmax', [logits], { axis: -1 }), value]);
  const attended = asRows(g, g.op('Transpose', [mixed], { perm: [0, 2, 1, 3] }), inner);
  const y = g.op('Add', [x, times(g, attended, block.projection)]);

  const before = rootNorm(g, y, block.denseNorm, epsilon);
  const gated = g.op('Mul', [gelu(g, times(g, before, block.gate)), times(g, before, block.linear)]);
  const z = g.op('Add', [y, times(g, gated, block.output)]);
  g.output('output', g.op('Reshape', [z, shape]), [...SHAPE, width]);
  return g.build();
}

/** What follows the last block: its normalisation. */
export function t5EndGraph(weight: Weight, { width, epsilon }: StreamShape): OnnxGraph {
  const g = new GraphBuilder('text end');
  const hidden = g.input(HIDDEN, 'float32', [...SHAPE, width]);
  g.output('output', rootNorm(g, hidden, weight, epsilon), [...SHAPE, width]);
  return g.build();
}

/** The first two extents of a value. */
function outer(g: GraphBuilder, value: Value): Value {
  return g.op('Shape', [value], { start: 0, end: 2 });
}

/** Rows times a layer without bias. */
function times(g: GraphBuilder, rows: Value, weight: Weight): Value {
  return g.op('Gemm', [rows, g.weight(weight)], { transB: 1 });
}

/** Divided by the root of the mean square, then scaled: without mean and shift (Zhang and Sennrich, 2019). */
function rootNorm(g: GraphBuilder, x: Value, weight: Weight, epsilon: number): Value {
  const square = g.op('ReduceMean', [g.op('Mul', [x, x]), g.integers([-1])], { keepdims: 1 });
  const root = g.op('Sqrt', [g.op('Add', [square, g.scalar(epsilon)])]);
  return g.op('Mul', [g.op('Div', [x, root]), g.weight(weight)]);
}
