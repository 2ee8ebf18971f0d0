import type { ChoiceRule } from '../schedule/schedule.ts';
import type { Topology } from '../topology.ts';
import type { Choice, Tokens } from './transformer.ts';

/**
 * Chooses the best tokens of each image by their raw scores, [images, tokens], and what their age adds to them.
 *
 * Where the halves of a guided batch are paired, both have the mean of their scores, and `pairBonus` more. The scores
 * of an image are divided by their L2 norm, but for those drawn at random; then come the ages, and then the best token
 * of each cell gets `bonus` times its score on top. Ties go to the token with the lower index.
 */
export function chooseTokens(
  scores: ArrayLike<number>,
  { count, ages }: Choice,
  rule: ChoiceRule,
  grid: Topology['grid'],
): Tokens {
  const tokens = grid[0] * grid[1];
  const images = ages.length / tokens;
  const cells = cellsOf(rule, grid);
  const own = Float64Array.from(scores);
  const raw = rule.paired ? meanOfHalves(own, pairBonus(rule)) : own;
  const indices = new Int32Array(images * count);
  for (let image = 0; image < images; image++) {
    const [from, to] = [image * tokens, (image + 1) * tokens];
    const each = raw.subarray(from, to);
    const norm = rule.score === 'random' ? 1 : Math.max(Math.hypot(...each), 1e-12);
    const aged = each.map((score, token) => score / norm + ages[from + token]!);
    indices.set(best(withBonus(aged, cells, rule.bonus ?? 0), count), image * count);
  }
  return { count, indices };
}

/**
 * What pairing adds to the mean of two scores. ToCa's code takes the entropy of the mean of two attention maps whose
 * texts lie side by side, so that each has half of the whole: log 2 more than the mean of their entropies. It changes
 * what ages and bonuses weigh.
 */
function pairBonus({ score }: Pick<ChoiceRule, 'score'>): number {
  return score === 'cross-attention-entropy' ? Math.LN2 : 0;
}

/** The tokens of each cell. */
function cellsOf(
  { cells = [1, 1], bonus = 0 }: ChoiceRule,
  [rows, columns]: Topology['grid'],
): readonly (readonly number[])[] {
  if (bonus === 0) return [];
  const [height, width] = cells;
  const perRow = columns / width;
  const tiles = Array.from({ length: (rows / height) * perRow }, (): number[] => []);
  for (let token = 0; token < rows * columns; token++) {
    const [row, column] = [Math.floor(token / columns), token % columns];
    tiles[Math.floor(row / height) * perRow + Math.floor(column / width)]!.push(token);
  }
  return tiles;
}

function withBonus(scores: Float64Array, cells: readonly (readonly number[])[], bonus: number): Float64Array {
  const raised = scores.slice();
  for (const cell of cells) {
    const top = cell.reduce((a, b) => (scores[b]! > scores[a]! ? b : a));
    raised[top] = scores[top]! * (1 + bonus);
  }
  return raised;
}

/** The indices of the `count` highest scores, ascending. */
function best(scores: Float64Array, count: number): Int32Array {
  const order = Array.from(scores.keys()).sort((a, b) => scores[b]! - scores[a]! || a - b);
  return Int32Array.from(order.slice(0, count)).sort();
}

/** Gives the two halves of a guided batch the mean of their scores, and a constant more. */
function meanOfHalves(scores: Float64Array, more: number): Float64Array {
  const half = scores.length / 2;
  return scores.map((own, i) => (own + scores[(i + half) % scores.length]!) / 2 + more);
}
