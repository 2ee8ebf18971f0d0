import type { StepProgram, Topology } from '@procache/core';
import type { GraphBuilder, Value } from '../onnx/graph-builder.ts';

/** What the choice of tokens in a graph takes. */
export interface ChoiceInputs {
  /** Raw scores, [images, tokens]. */
  readonly scores: Value;
  /** What the age of each token adds to its score, [images, tokens]. */
  readonly ages: Value;
  /** How many tokens of each image to choose, [1]. */
  readonly count: Value;
}

/** The tokens of each image that are worth most, [images, count]: what `chooseTokens` of core does, as operations. */
export function choice(
  g: GraphBuilder,
  { scores, ages, count }: ChoiceInputs,
  rule: NonNullable<StepProgram['choice']>,
  grid: Topology['grid'],
): Value {
  const tokens = grid[0] * grid[1];
  const raw = rule.paired ? meanOfHalves(g, scores, tokens) : scores;
  const norm = g.op('Max', [g.op('ReduceL2', [raw, g.integers([-1])], { keepdims: 1 }), g.scalar(1e-12)]);
  const aged = g.op('Add', [g.op('Div', [raw, norm]), ages]);
  const best = g.ops('TopK', [withBonus(g, aged, rule, grid), count], { axis: -1, largest: 1, sorted: 1 }, 2);
  return best[1]!;
}

/** Scores of all tokens, [images, tokens], of which those at some rows of all images, [rows, 1], are made anew. */
export function patchedScores(g: GraphBuilder, stale: Value, rows: Value, fresh: Value): Value {
  const all = g.op('Reshape', [stale, g.integers([-1])]);
  const patched = g.op('ScatterND', [all, rows, g.op('Reshape', [fresh, g.integers([-1])])]);
  return g.op('Reshape', [patched, g.op('Shape', [stale])]);
}

/** Tokens of each image, [images, count], as rows of the streams of all images. */
export function rowsOfTokens(g: GraphBuilder, chosen: Value, tokens: number): Value {
  const images = g.op('Squeeze', [g.op('Shape', [chosen], { start: 0, end: 1 })]);
  const image = g.op('Range', [g.integers(0), images, g.integers(1)]);
  const first = g.op('Mul', [g.op('Reshape', [image, g.integers([-1, 1])]), g.integers(tokens)]);
  return g.op('Add', [chosen, first]);
}

/**
 * Gives the two halves of a guided batch the entropy of both together, which is log 2 more than the mean of theirs:
 * see `pairBonus` of core. No other score is made anew within a step.
 */
function meanOfHalves(g: GraphBuilder, scores: Value, tokens: number): Value {
  const halves = g.op('Reshape', [scores, g.integers([2, -1, tokens])]);
  const mean = g.op('Add', [g.op('ReduceMean', [halves, g.integers([0])], { keepdims: 0 }), g.scalar(Math.LN2)]);
  return g.op('Concat', [mean, mean], { axis: 0 });
}

/** The best token of each cell gets a share of its own score on top: of equals the first. */
function withBonus(
  g: GraphBuilder,
  scores: Value,
  { cells: [height, width], bonus }: NonNullable<StepProgram['choice']>,
  [rows, columns]: Topology['grid'],
): Value {
  if (bonus === 0) return scores;
  const [down, across] = [rows / height, columns / width];
  const perm = [0, 1, 3, 2, 4]; // its own inverse
  const parts = g.op('Reshape', [scores, g.integers([-1, down, height, across, width])]);
  const cells = g.op('Reshape', [
    g.op('Transpose', [parts], { perm }),
    g.integers([-1, down * across, height * width]),
  ]);
  const top = g.op('ArgMax', [cells], { axis: -1, keepdims: 1, select_last_index: 0 });
  const places = g.integers(Array.from({ length: height * width }, (_, place) => place));
  const raised = g.op('Mul', [cells, g.scalar(1 + bonus)]);
  const own = g.op('Where', [g.op('Equal', [places, top]), raised, cells]);
  const back = g.op('Transpose', [g.op('Reshape', [own, g.integers([-1, down, across, height, width])])], { perm });
  return g.op('Reshape', [back, g.integers([-1, rows * columns])]);
}
