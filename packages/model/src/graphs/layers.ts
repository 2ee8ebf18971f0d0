import type { GraphBuilder, Value } from '../onnx/graph-builder.ts';
import type { Linear, Weight } from '../onnx/weight.ts';

/**
 * `x · Wᵀ + b` over rows: [rows, in] -> [rows, out]. The weight keeps torch's layout, so that it can stay in the user's
 * file.
 */
export function linear(g: GraphBuilder, x: Value, { weight, bias }: Linear): Value {
  return g.op('Gemm', [x, g.weight(weight), g.weight(bias)], { transB: 1 });
}

/** Layer normalisation over the last axis, without learned scale or shift. */
export function layerNorm(g: GraphBuilder, x: Value, width: number, epsilon: number): Value {
  return g.op('LayerNormalization', [x, g.filled(1, width)], { axis: -1, epsilon: { float: epsilon } });
}

/** Layer normalisation over the last axis with a learned scale and shift, the weight and the bias of `norm`. */
export function scaledNorm(g: GraphBuilder, x: Value, { weight, bias }: Linear, epsilon: number): Value {
  return g.op('LayerNormalization', [x, g.weight(weight), g.weight(bias)], { axis: -1, epsilon: { float: epsilon } });
}

/** adaLN: `x · (1 + scale) + shift`, one shift and scale per image. */
export function modulate(g: GraphBuilder, x: Value, shift: Value, scale: Value): Value {
  return g.op('Add', [g.op('Mul', [x, g.op('Add', [scale, g.scalar(1)])]), shift]);
}

export function silu(g: GraphBuilder, x: Value): Value {
  return g.op('Mul', [x, g.op('Sigmoid', [x])]);
}

/** GELU in its tanh form. */
export function gelu(g: GraphBuilder, x: Value): Value {
  return g.contribOp('FastGelu', [x]);
}

/** GELU as it is defined, with the error function. */
export function exactGelu(g: GraphBuilder, x: Value): Value {
  return g.contribOp('Gelu', [x]);
}

/**
 * What `evaluate` makes of each of some lists of rows, [rows, in] -> [rows, out], in one evaluation of all rows.
 *
 * A list may be empty when the graph runs. So programs that are never run together can share what
 * `evaluate` holds: its weights.
 */
export function jointly(g: GraphBuilder, parts: readonly Value[], evaluate: (rows: Value) => Value): readonly Value[] {
  const [only, ...others] = parts;
  if (others.length === 0) return [evaluate(only!)];
  const all = evaluate(g.op('Concat', parts, { axis: 0 }));
  const counts = parts.map((part) => g.op('Shape', [part], { start: 0, end: 1 }));
  return g.split(all, g.op('Concat', counts, { axis: 0 }), parts.length);
}

/** All but the last axis as rows: [..., width] -> [rows, width]. */
export function asRows(g: GraphBuilder, x: Value, width: number): Value {
  return g.op('Reshape', [x, g.integers([-1, width])]);
}

/** One entry of a stack of vectors, for each image: [images, entries, width] -> [images, 1, width]. */
export function entry(g: GraphBuilder, stack: Value, index: number): Value {
  return g.op('Gather', [stack, g.integers([index])], { axis: 1 });
}

/** Rows of a table: [entries, width] at [rows] -> [rows, width]. */
export function lookUp(g: GraphBuilder, table: Weight, indices: Value): Value {
  return g.op('Gather', [g.weight(table), indices], { axis: 0 });
}

export interface AttentionShape {
  readonly heads: number;
  readonly width: number;
  /** Keys of each image. */
  readonly keys: number;
  /** Queries of each image; or, where the graph does not know how many, their shape, [images, queries]. */
  readonly queries: number | Value;
  /** What is added to the logits, [images, 1, 1, keys]: far below 0 for keys that are not to be seen. */
  readonly bias?: Value | undefined;
}

/** What attention gives besides its output, for those who choose tokens by it. */
export interface Attended {
  /** [queries of all images, width] */
  readonly output: Value;
  /** The attention map, softmaxed over keys: [images, heads, queries, keys]. */
  readonly map: Value;
}

/**
 * Multi-head attention: softmax(q · kᵀ / √d + bias) · v, written out, of queries, keys and values [rows of all images,
 * width].
 *
 * Written out it is as fast on the CPU as the fused operators, right on WebGPU where those are not,
 * and its map can be read.
 */
export function attend(
  g: GraphBuilder,
  [q, k, v]: readonly [Value, Value, Value],
  { heads, width, keys, queries, bias }: AttentionShape,
): Attended {
  const depth = width / heads;
  const perHead = g.integers([-1, keys, heads, depth]);
  const queryShape =
    typeof queries === 'number'
      ? g.integers([-1, queries, heads, depth])
      : g.op('Concat', [queries, g.integers([heads, depth])], { axis: 0 });
  const split = (x: Value, shape: Value, perm: readonly number[]) =>
    g.op('Transpose', [g.op('Reshape', [x, shape])], { perm });
  // [images, heads, queries, depth]
  const scaled = g.op('Mul', [split(q, queryShape, [0, 2, 1, 3]), g.scalar(1 / Math.sqrt(depth))]);
  const logits = g.op('MatMul', [scaled, split(k, perHead, [0, 2, 3, 1])]); // [images, heads, queries, keys]
  const map = g.op('Softmax', [bias === undefined ? logits : g.op('Add', [logits, bias])], { axis: -1 });
  const mixed = g.op('MatMul', [map, split(v, perHead, [0, 2, 1, 3])]); // [images, heads, queries, depth]
  return { output: asRows(g, g.op('Transpose', [mixed], { perm: [0, 2, 1, 3] }), width), map };
}

/**
 * The attention that each key receives: the mean over heads, summed over queries. [images, heads, queries, keys] ->
 * [images, keys]
 */
export function attentionReceived(g: GraphBuilder, map: Value, heads: number): Value {
  const sums = g.op('ReduceSum', [map, g.integers([1, 2])], { keepdims: 0 });
  return g.op('Mul', [sums, g.scalar(1 / heads)]);
}

/**
 * 1 plus the entropy of what each query attends to, by the mean map of the heads: high where attention is spread over
 * the text. [images, heads, queries, keys] -> [images, queries]. (ToCa, Zou et al., 2025, Eq. 6, as ProCache's code for
 * PixArt has it: natural logarithm of the share plus 1e-7.)
 */
export function attentionEntropy(g: GraphBuilder, map: Value): Value {
  const shares = g.op('ReduceMean', [map, g.integers([1])], { keepdims: 0 });
  const logarithms = g.op('Log', [g.op('Add', [shares, g.scalar(1e-7)])]);
  const sums = g.op('ReduceSum', [g.op('Mul', [shares, logarithms]), g.integers([-1])], { keepdims: 0 });
  return g.op('Sub', [g.scalar(1), sums]);
}
