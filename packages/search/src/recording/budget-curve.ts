import { MAX_ORDER, ProCacheError } from '@procache/core';
import { checkOptions } from '@procache/core/untrusted';
import { checkConstraints, type PatternConstraints } from '../space/pattern-constraints.ts';
import { addInfluence, type ErrorModel, type Influence } from './error-model.ts';
import { Slope, Weighed } from './slope.ts';

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
  const working = curveInParts(model, options);
  for (;;) {
    const { done, value } = working.next();
    if (done) return value;
  }
}

/** The same in parts, of at most a second or so each, so that whoever asks for it can do something else in between. */
export function* curveInParts(
  model: ErrorModel,
  options: CurveOptions,
): Generator<undefined, readonly (readonly Predicted[])[]> {
  checkOptions('budgetCurve', options, { constraints: true, letters: true, width: true });
  const { constraints, letters, width = 16 } = options;
  checkConstraints(constraints);
  const { steps, budget } = constraints;
  if (steps !== model.steps) {
    throw new ProCacheError(
      'invalid-input',
      `the patterns have ${steps} steps, and the recording ${model.steps}; record as many steps`,
    );
  }
  const complete = Array.from({ length: budget }, (): Partial[] => []);
  /** By the last computed step, and within by the number of computed steps less one. */
  const cells = Array.from({ length: steps }, () => Array.from({ length: budget }, (): Partial[] => []));
  insert(cells[0]![0]!, { error: 0, computed: [0], count: 1 }, width);
  const extend = (partial: Partial): void => {
    for (const next of extensions(model, partial, letters, constraints)) {
      const cell = next.end === steps ? complete[partial.count - 1] : cells[next.end]![partial.count];
      if (cell && enters(cell, next.error, width)) insert(cell, extended(partial, next, steps), width);
    }
  };
  for (const column of cells) {
    column.flat().forEach(extend);
    column.length = 0;
    yield;
  }
  return complete.map((cell) => cell.map((partial) => ({ pattern: patternOf(partial), error: partial.error })));
}

/** A pattern up to its last computed step, or, where it is complete, up to its end. */
interface Partial {
  readonly error: number;
  /** The newest of the computed steps, as many as a forecast looks at, newest first. */
  readonly computed: readonly number[];
  /** How many steps are computed. */
  readonly count: number;
  /** The pattern that this one goes on from, and the gap that follows it. */
  readonly before?: { readonly partial: Partial; readonly gap: Gap };
}

/** The steps of a gap: their letter, how many they are, and what each adds to the final latent. */
interface Gap {
  readonly letter: string;
  readonly length: number;
  readonly influences: readonly Influence[];
}

/** A way of going on: a gap, where it ends, and the error up to there. */
interface Extension {
  readonly gap: Gap;
  readonly end: number;
  readonly error: number;
}

/** Computed steps that a forecast of the highest order looks at. */
const HISTORY = MAX_ORDER + 1;

function extended(partial: Partial, { gap, end, error }: Extension, steps: number): Partial {
  const before = { partial, gap: { ...gap, influences: gap.influences.slice(0, gap.length) } };
  if (end === steps) return { error, computed: partial.computed, count: partial.count, before };
  return { error, computed: [end, ...partial.computed].slice(0, HISTORY), count: partial.count + 1, before };
}

/** Whether a cell has room for a partial pattern of such an error. */
function enters(cell: readonly Partial[], error: number, width: number): boolean {
  return cell.length < width || error < cell.at(-1)!.error;
}

/** Keeps a cell sorted and short. */
function insert(cell: Partial[], partial: Partial, width: number): void {
  const place = cell.findIndex(({ error }) => partial.error < error);
  cell.splice(place < 0 ? cell.length : place, 0, partial);
  if (cell.length > width) cell.pop();
}

/** All ways of going on: each gap that may follow, up to the computed step after it or the end. */
function* extensions(
  model: ErrorModel,
  partial: Partial,
  letters: readonly string[],
  constraints: PatternConstraints,
): Generator<Extension> {
  const from = partial.computed[0]! + 1;
  const bounds = gapBounds(partial, constraints);
  const slope = new Slope(model, coefficientsOf(model, partial));
  for (const letter of letters) {
    const weighed = new Weighed(model, slope);
    let error = partial.error;
    for (let length = 0; length <= bounds.most; length++) {
      if (length > 0) error += weighed.add(model.influence(letter, partial.computed, from + length - 1));
      const isFirst = letter === letters[0]; // an empty gap is the same whatever its letter
      if (length < bounds.least || (length === 0 && !isFirst)) continue;
      yield { gap: { letter, length, influences: weighed.added }, end: from + length, error };
    }
  }
}

/** How many reused steps may follow a pattern's last step, by the rules of `PatternSpace`. */
function gapBounds(
  { computed: [at, previous] }: Partial,
  { steps, reuse, gaps, first = 1, last = 0 }: PatternConstraints,
): { readonly least: number; readonly most: number } {
  if (at! < first - 1 || at! >= steps - last) return { least: 0, most: 0 };
  const falling = gaps !== 'any' && previous !== undefined && previous >= first - 1 ? at! - previous - 1 : Infinity;
  return { least: reuse[0], most: Math.min(reuse[1], falling, steps - last - at! - 1) };
}

/** A partial pattern and those that it goes on from, the first one first. */
function lineOf(partial: Partial): readonly Partial[] {
  const line: Partial[] = [];
  for (let one: Partial | undefined = partial; one; one = one.before?.partial) line.push(one);
  return line.reverse();
}

function patternOf(complete: Partial): string {
  return lineOf(complete)
    .map(({ before }) => before?.gap.letter.repeat(before.gap.length) ?? '')
    .join('#');
}

/** The weights that a pattern gives the features. */
function coefficientsOf(model: ErrorModel, partial: Partial): Float64Array {
  const coefficients = new Float64Array(model.size);
  for (const { before } of lineOf(partial))
    before?.gap.influences.forEach((influence) => addInfluence(coefficients, influence));
  return coefficients;
}
