import { ProCacheError } from '@procache/core';
import { checkOptions } from '@procache/core/untrusted';
import { checkConstraints, type PatternConstraints } from '../space/pattern-constraints.ts';
import { addInfluence, type ErrorModel } from './error-model.ts';

export interface CurveOptions {
  /** Of the patterns; `budget` is the largest that is wanted. */
  readonly constraints: PatternConstraints;
  /** What a gap may be reused with: all its steps with one of these. */
  readonly letters: readonly string[];
  /** How many partial patterns are kept for each number of computed steps and each last one; 16 unless given. */
  readonly width?: number;
}

/** A pattern, and its predicted error. */
export interface Predicted {
  readonly pattern: string;
  readonly error: number;
}

/**
 * The best patterns of every budget at once, by dynamic programming over predicted errors.
 *
 * A cell is a number of computed steps and the last of them; from each cell a gap leads to a later one. What a gap
 * costs depends on the steps computed before it and on the errors already made, so a cell keeps not
 * only its cheapest partial pattern but the cheapest `width`, and `width` 1 would be DPCache's rule. Returns up to
 * `width` patterns for each budget from 1 on, the best first; none where the constraints allow none.
 */
export function budgetCurve(model: ErrorModel, options: CurveOptions): readonly (readonly Predicted[])[] {
  checkOptions('budgetCurve', options, { constraints: true, letters: true, width: true });
  const { constraints, letters, width = 16 } = options;
  checkConstraints(constraints);
  const { steps, budget } = constraints;
  if (steps !== model.steps) {
    throw new ProCacheError('invalid-input', `the patterns have ${steps} steps, and the recording ${model.steps}; record as many steps`);
  }
  const complete = Array.from({ length: budget }, (): Partial[] => []);
  /** By the last computed step, and within by the number of computed steps less one. */
  const cells = Array.from({ length: steps }, () => Array.from({ length: budget }, (): Partial[] => []));
  insert(cells[0]![0]!, { error: 0, pattern: '#', computed: [0] }, width);
  for (const cell of cells.flat()) {
    for (const next of cell.flatMap((partial) => [...extensions(model, partial, letters, constraints)])) {
      const { length } = next.computed;
      if (next.isComplete) insert(complete[length - 1]!, next, width);
      else if (length <= budget) insert(cells[next.computed[0]!]![length - 1]!, next, width);
    }
    cell.length = 0;
  }
  return complete.map((cell) => cell.map(({ pattern, error }) => ({ pattern, error })));
}

/** A pattern up to its last computed step, or, where it is complete, up to its end. */
interface Partial {
  readonly error: number;
  readonly pattern: string;
  /** Newest first. */
  readonly computed: readonly number[];
  readonly isComplete?: boolean;
}

/** Keeps a cell sorted and short. */
function insert(cell: Partial[], partial: Partial, width: number): void {
  if (cell.length >= width && partial.error >= cell.at(-1)!.error) return;
  const place = cell.findIndex(({ error }) => partial.error < error);
  cell.splice(place < 0 ? cell.length : place, 0, partial);
  if (cell.length > width) cell.pop();
}

/** All ways of going on: each gap that may follow, and the computed step after it or the end. */
function* extensions(model: ErrorModel, partial: Partial, letters: readonly string[], constraints: PatternConstraints): Generator<Partial> {
  const { pattern, computed } = partial;
  const { steps } = constraints;
  const bounds = gapBounds(pattern, constraints);
  const slope = slopeOf(model, pattern);
  for (const letter of letters) {
    const weighed = new Weighed(model, slope.slice());
    let text = pattern;
    let error = partial.error;
    for (let gap = 0; gap <= bounds.most; gap++) {
      if (gap > 0) {
        error += weighed.add(letter, computed, text.length);
        text += letter;
      }
      const isFirst = letter === letters[0]; // an empty gap is the same whatever its letter
      if (gap < bounds.least || (gap === 0 && !isFirst)) continue;
      if (text.length === steps) yield { error, pattern: text, computed, isComplete: true };
      else yield { error, pattern: `${text}#`, computed: [text.length, ...computed] };
    }
  }
}

/** How many reused steps may follow a pattern's last step, by the rules of `PatternSpace`. */
function gapBounds(
  pattern: string,
  { steps, reuse, gaps, first = 1, last = 0 }: PatternConstraints,
): { readonly least: number; readonly most: number } {
  const at = pattern.length - 1;
  if (at < first - 1 || at >= steps - last) return { least: 0, most: 0 };
  const previous = pattern
    .slice(first - 1, -1)
    .split('#')
    .slice(1)
    .at(-1);
  const falling = gaps !== 'any' && previous !== undefined ? previous.length : Infinity;
  return { least: reuse[0], most: Math.min(reuse[1], falling, steps - last - pattern.length) };
}

/** The weights that a pattern gives the features, and what one more reused step would add to its error. */
class Weighed {
  readonly #model: ErrorModel;
  /** The products of the features with their weighted sum: half the slope of the error. */
  readonly #slope: Float64Array;

  constructor(model: ErrorModel, slope: Float64Array) {
    this.#model = model;
    this.#slope = slope;
  }

  /** Adds a reused step; returns how much the error grows. */
  add(letter: string, computed: readonly number[], step: number): number {
    const { size, products } = this.#model;
    const { indices, weights } = this.#model.influence(letter, computed, step);
    const linear = indices.reduce((sum, index, k) => sum + 2 * weights[k]! * this.#slope[index]!, 0);
    indices.forEach((index, k) => {
      for (let i = 0; i < size; i++) this.#slope[i]! += weights[k]! * products[index * size + i]!;
    });
    const quadratic = indices.reduce(
      (sum, index, k) => sum + indices.reduce((row, other, l) => row + weights[k]! * weights[l]! * products[index * size + other]!, 0),
      0,
    );
    return linear + quadratic;
  }
}

function slopeOf(model: ErrorModel, pattern: string): Float64Array {
  const coefficients = new Float64Array(model.size);
  let computed: readonly number[] = [];
  Array.from(pattern).forEach((letter, step) => {
    if (letter === '#') computed = [step, ...computed];
    else addInfluence(coefficients, model.influence(letter, computed, step));
  });
  const { size, products } = model;
  const slope = new Float64Array(size);
  coefficients.forEach((weight, index) => {
    for (let i = 0; weight !== 0 && i < size; i++) slope[i]! += weight * products[index * size + i]!;
  });
  return slope;
}
