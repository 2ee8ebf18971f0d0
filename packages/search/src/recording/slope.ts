import type { ErrorModel, Influence } from './error-model.ts';

/**
 * The products of the features with their weighted sum: half the slope of the error.
 *
 * Worked out for a feature when it is asked for, as few are: those of the next steps and of the last computed ones.
 */
export class Slope {
  readonly #products: Float64Array;
  readonly #size: number;
  readonly #indices: readonly number[];
  readonly #weights: Float64Array;
  /** NaN where it has not been asked for. */
  readonly #known: Float64Array;

  /** `coefficients` are the weights of all features. */
  constructor({ products, size }: ErrorModel, coefficients: Float64Array) {
    this.#products = products;
    this.#size = size;
    this.#weights = coefficients;
    this.#indices = Array.from(coefficients.keys()).filter((index) => coefficients[index] !== 0);
    this.#known = new Float64Array(size).fill(NaN);
  }

  at(feature: number): number {
    const known = this.#known[feature]!;
    if (!Number.isNaN(known)) return known;
    let sum = 0;
    for (const index of this.#indices) sum += this.#weights[index]! * this.#products[index * this.#size + feature]!;
    this.#known[feature] = sum;
    return sum;
  }
}

/** What steps add to the error of a pattern, one after another. */
export class Weighed {
  /** What each step did, in their order. */
  readonly added: Influence[] = [];
  readonly #model: ErrorModel;
  readonly #slope: Slope;

  constructor(model: ErrorModel, slope: Slope) {
    this.#model = model;
    this.#slope = slope;
  }

  /** Adds a reused step; returns how much the error grows. */
  add(influence: Influence): number {
    const { size, products } = this.#model;
    const { indices, weights } = influence;
    const linear = indices.reduce((sum, index, k) => sum + 2 * weights[k]! * this.#slopeAt(index), 0);
    const quadratic = indices.reduce(
      (sum, index, k) =>
        sum + indices.reduce((row, other, l) => row + weights[k]! * weights[l]! * products[index * size + other]!, 0),
      0,
    );
    this.added.push(influence);
    return linear + quadratic;
  }

  #slopeAt(feature: number): number {
    const { size, products } = this.#model;
    let sum = this.#slope.at(feature);
    for (const { indices, weights } of this.added) {
      for (let k = 0; k < indices.length; k++) sum += weights[k]! * products[indices[k]! * size + feature]!;
    }
    return sum;
  }
}
