/** The Gaussian that a set of feature vectors is summed up by. */
export interface FeatureStatistics {
  /** How many vectors were seen. */
  readonly count: number;
  /** `[dimension]` */
  readonly mean: Float64Array;
  /** `[dimension, dimension]`, divided by `count - 1`, as `numpy.cov` does. */
  readonly covariance: Float64Array;
}

/** Mean and covariance of `features`, `[vectors, dimension]` in one array: at least two vectors. */
export function featureStatistics(features: Float32Array, dimension: number): FeatureStatistics {
  const accumulator = new FeatureAccumulator(dimension);
  accumulator.add(features);
  return accumulator.statistics();
}

/**
 * The running mean and covariance of feature vectors that arrive in batches.
 *
 * It keeps `dimension * (dimension + 1)` numbers however many vectors it sees, so that a Frechet distance over 50,000
 * images needs no more memory than one over 50. Batches are centred before they are merged (Chan, Golub and LeVeque
 * 1979, Eqs. 2.1), so that features far from zero lose no digits.
 */
export class FeatureAccumulator {
  readonly dimension: number;
  #count = 0;
  readonly #mean: Float64Array;
  /** The sum of `(x - mean)(x - mean)^T` over all vectors; only the upper triangle is kept up to date. */
  readonly #scatter: Float64Array;

  constructor(dimension: number) {
    if (!Number.isInteger(dimension) || dimension < 1) {
      throw new RangeError(`the dimension is ${dimension}; pass the length of one feature vector, 1 or more`);
    }
    this.dimension = dimension;
    this.#mean = new Float64Array(dimension);
    this.#scatter = new Float64Array(dimension * dimension);
  }

  /** Adds a batch `[vectors, dimension]`; only reads it. */
  add(batch: Float32Array): void {
    const { dimension } = this;
    const added = countVectors(batch, dimension);
    if (added === 0) return;
    const mean = batchMean(batch, dimension);
    for (let v = 0; v < added; v++) {
      this.#addOuter(
        mean.map((centre, i) => batch[v * dimension + i]! - centre),
        1,
      );
    }
    const total = this.#count + added;
    const shift = mean.map((value, i) => value - this.#mean[i]!);
    this.#addOuter(shift, (this.#count * added) / total);
    for (let i = 0; i < dimension; i++) this.#mean[i]! += (shift[i]! * added) / total;
    this.#count = total;
  }

  /** The statistics of everything added so far, as copies. */
  statistics(): FeatureStatistics {
    const { dimension } = this;
    if (this.#count < 2) throw new RangeError(`${this.#count} feature vectors have no covariance; add at least 2`);
    const covariance = new Float64Array(dimension * dimension); // [dimension, dimension]
    for (let i = 0; i < dimension; i++) {
      for (let j = i; j < dimension; j++) {
        const value = this.#scatter[i * dimension + j]! / (this.#count - 1);
        covariance[i * dimension + j] = value;
        covariance[j * dimension + i] = value;
      }
    }
    return { count: this.#count, mean: this.#mean.slice(), covariance };
  }

  #addOuter(vector: Float64Array, weight: number): void {
    const { dimension } = this;
    for (let i = 0; i < dimension; i++) {
      const scaled = weight * vector[i]!;
      for (let j = i; j < dimension; j++) this.#scatter[i * dimension + j]! += scaled * vector[j]!;
    }
  }
}

/** How many vectors of `dimension` values `features` holds. */
export function countVectors(features: Float32Array, dimension: number): number {
  if (!Number.isInteger(dimension) || dimension < 1 || features.length % dimension !== 0) {
    throw new RangeError(
      `${features.length} values are not whole vectors of dimension ${dimension}; ` +
        `pass features laid out [vectors, dimension]`,
    );
  }
  return features.length / dimension;
}

function batchMean(batch: Float32Array, dimension: number): Float64Array {
  const mean = new Float64Array(dimension);
  for (let i = 0; i < batch.length; i++) mean[i % dimension]! += batch[i]!;
  const vectors = batch.length / dimension;
  return mean.map((sum) => sum / vectors);
}
