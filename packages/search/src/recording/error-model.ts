import { ProCacheError, type Reuse } from '@procache/core';
import type { Alphabet } from '../space/alphabet.ts';
import { familyOf, forecastFrom, type Recording } from './recording.ts';

/**
 * By how much a reused step moves the final latent, as weights over the features: `index` and `weight` side by side.
 */
export interface Influence {
  readonly indices: readonly number[];
  readonly weights: readonly number[];
}

/** Predicts from a recording how far a schedule leads away from the uncached latent, in microseconds. */
export interface ErrorModel {
  readonly steps: number;
  /** How many features there are to weigh. */
  readonly size: number;
  /** The inner products of the features, the mean over all images: [size, size]. */
  readonly products: Float64Array;
  /** What a step reused with a letter adds, when these are the steps computed before it, newest first. */
  readonly influence: (letter: string, computed: readonly number[], step: number) => Influence;
  /** The mean squared error of the final latent, predicted. */
  readonly predict: (pattern: string) => number;
  /** The same image by image. */
  readonly predictEach: (pattern: string) => readonly number[];
}

/**
 * The error model of a recording, for patterns over an alphabet.
 *
 * A forecast is a weighted sum of features, and so is its error; to first order the final latent
 * moves by the sum of the errors of all reused steps, each as far as it reaches. So the predicted error is a
 * quadratic form of the inner products that were recorded. Errors of different steps may cancel or add
 * up, which a sum of their sizes (DPCache, CVPR 2026) does not see. What the model
 * itself makes of a latent that is already wrong is only in the reach.
 *
 * @throws {ProCacheError} `invalid-input` for a letter that evaluates part of the model, or whose features were not
 *   recorded, and, when it predicts, for a pattern of another length.
 */
export function errorModel(recording: Recording, alphabet: Alphabet): ErrorModel {
  const { steps, families, reach, products } = recording;
  const size = families.length * steps;
  const letters = recordedLetters(recording, alphabet);
  const influence = (letter: string, computed: readonly number[], step: number): Influence => {
    const { rule, offset } = letters.get(letter) ?? refuseLetter(letter, letters.keys());
    const weights = forecastFrom(computed, step, rule).map((weight) => weight * reach[step]!);
    return {
      indices: [offset + step, ...computed.slice(0, weights.length).map((node) => offset + node)],
      weights: [-reach[step]!, ...weights],
    };
  };
  const coefficientsOf = (pattern: string): Float64Array => {
    checkLength(pattern, steps);
    const coefficients = new Float64Array(size);
    let computed: readonly number[] = [];
    Array.from(pattern).forEach((letter, step) => {
      if (letter === '#') computed = [step, ...computed];
      else addInfluence(coefficients, influence(letter, computed, step));
    });
    return coefficients;
  };
  const average = Float64Array.from(
    { length: size * size },
    (_, i) => products.reduce((sum, own) => sum + own[i]!, 0) / products.length,
  );
  return {
    steps,
    size,
    products: average,
    influence,
    predict: (pattern) => quadraticForm(average, coefficientsOf(pattern)),
    predictEach: (pattern) => {
      const coefficients = coefficientsOf(pattern);
      return products.map((own) => quadraticForm(own, coefficients));
    },
  };
}

/** What a letter reuses: by which forecast, and where its family's features begin among all that were recorded. */
interface RecordedLetter {
  readonly rule: Reuse;
  readonly offset: number;
}

/** The letters of an alphabet that only reuse; the features of all of them were recorded. */
function recordedLetters(
  { families, steps }: Recording,
  { reused, legend }: Alphabet,
): ReadonlyMap<string, RecordedLetter> {
  const names = families.map((family) => JSON.stringify(family));
  return new Map(
    reused.map((letter) => {
      const rule = letter === '.' ? ({ do: 'reuse' } as const) : legend[letter]?.[0];
      const family = rule?.do === 'reuse' ? names.indexOf(JSON.stringify(familyOf(rule))) : -1;
      if (rule?.do !== 'reuse' || family < 0)
        throw new ProCacheError(
          'invalid-input',
          `the features that '${letter}' reuses were not recorded; record them too`,
        );
      return [letter, { rule, offset: family * steps }];
    }),
  );
}

function refuseLetter(letter: string, known: Iterable<string>): never {
  throw new ProCacheError(
    'invalid-input',
    `the error of a step '${letter}' cannot be predicted, only that of ${[...known].join(', ')}`,
  );
}

function checkLength(pattern: string, steps: number): void {
  if (pattern.length === steps) return;
  throw new ProCacheError(
    'invalid-input',
    `the pattern has ${pattern.length} steps, and the recording ${steps}; record as many steps`,
  );
}

/** Adds an influence to the weights of all features, in place. */
export function addInfluence(coefficients: Float64Array, { indices, weights }: Influence): void {
  indices.forEach((index, k) => (coefficients[index]! += weights[k]!));
}

/** `aᵀ G a`, over the features that weigh anything. */
function quadraticForm(products: Float64Array, coefficients: Float64Array): number {
  const size = coefficients.length;
  const own = Array.from(coefficients.keys()).filter((i) => coefficients[i] !== 0);
  let sum = 0;
  for (const i of own) {
    let row = 0;
    for (const j of own) row += products[i * size + j]! * coefficients[j]!;
    sum += row * coefficients[i]!;
  }
  return Math.max(0, sum);
}
