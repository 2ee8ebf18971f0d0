import { countVectors } from './feature-statistics.ts';

/** How `kernelDistanceOverSubsets` draws. */
export interface SubsetOptions {
  /** Uniform numbers in `[0, 1)`. */
  readonly random: () => number;
  /** How many pairs of subsets are compared; 100 unless given. */
  readonly subsets?: number;
  /** How many vectors each subset holds; 1000, or the smaller set where that is less, unless given. */
  readonly size?: number;
}

/** The mean and the spread of the distances of many subsets. */
export interface SubsetDistance {
  readonly mean: number;
  /** The standard deviation over the subsets (divided by `subsets - 1`; 0 for one subset). */
  readonly deviation: number;
}

/**
 * The kernel distance of two sets of features, `[vectors, dimension]` each: the squared maximum mean discrepancy,
 * unbiased.
 *
 * Binkowski et al., "Demystifying MMD GANs", 2018, Eq. 4 with the kernel `(x.y / dimension + 1)^3` of section 4. It is
 * the KID where the features are those of InceptionV3's last pooling layer. Lower is closer; unlike the Frechet
 * distance its expectation does not depend on the counts, so it can be trusted on small sets, where it may come out
 * slightly negative. At least two vectors a set; the cost grows with the square of the counts.
 */
export function kernelDistance(featuresA: Float32Array, featuresB: Float32Array, dimension: number): number {
  requireVectors(featuresA, dimension, 2);
  requireVectors(featuresB, dimension, 2);
  return (
    meanKernelWithin(featuresA, dimension) +
    meanKernelWithin(featuresB, dimension) -
    2 * meanKernelAcross(featuresA, featuresB, dimension)
  );
}

/**
 * The kernel distance over random subsets of both sets, the way KID is usually reported: a mean with a standard
 * deviation.
 *
 * Vectors are drawn without replacement within a subset. The subsets overlap, so `deviation` describes one subset; it
 * is not the standard error of the mean.
 */
export function kernelDistanceOverSubsets(
  featuresA: Float32Array,
  featuresB: Float32Array,
  dimension: number,
  options: SubsetOptions,
): SubsetDistance {
  const counts = [countVectors(featuresA, dimension), countVectors(featuresB, dimension)];
  const { random, subsets = 100, size = Math.min(1000, ...counts) } = options;
  if (!Number.isInteger(subsets) || subsets < 1) throw new RangeError(`${subsets} subsets; draw 1 or more`);
  if (!Number.isInteger(size) || size < 2)
    throw new RangeError(`subsets of ${size} vectors; the unbiased estimate needs at least 2`);
  requireVectors(featuresA, dimension, size);
  requireVectors(featuresB, dimension, size);
  const distances = Array.from({ length: subsets }, () =>
    kernelDistance(
      drawVectors(featuresA, dimension, size, random),
      drawVectors(featuresB, dimension, size, random),
      dimension,
    ),
  );
  const mean = distances.reduce((sum, value) => sum + value, 0) / subsets;
  const squares = distances.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / Math.max(1, subsets - 1)) };
}

/** The mean kernel over all ordered pairs of different vectors of one set. */
function meanKernelWithin(features: Float32Array, dimension: number): number {
  const vectors = features.length / dimension;
  let sum = 0;
  for (let i = 1; i < vectors; i++) {
    for (let j = 0; j < i; j++) sum += kernel(features, i * dimension, features, j * dimension, dimension);
  }
  return (2 * sum) / (vectors * (vectors - 1));
}

/** The mean kernel over all pairs of a vector of one set and a vector of the other. */
function meanKernelAcross(a: Float32Array, b: Float32Array, dimension: number): number {
  let sum = 0;
  for (let i = 0; i < a.length; i += dimension) {
    for (let j = 0; j < b.length; j += dimension) sum += kernel(a, i, b, j, dimension);
  }
  return sum / ((a.length / dimension) * (b.length / dimension));
}

function kernel(a: Float32Array, fromA: number, b: Float32Array, fromB: number, dimension: number): number {
  let dot = 0;
  for (let k = 0; k < dimension; k++) dot += a[fromA + k]! * b[fromB + k]!;
  return (dot / dimension + 1) ** 3;
}

/** `size` different vectors, drawn by the first `size` swaps of a Fisher-Yates shuffle. */
function drawVectors(features: Float32Array, dimension: number, size: number, random: () => number): Float32Array {
  const vectors = features.length / dimension;
  const order = Uint32Array.from({ length: vectors }, (_, i) => i);
  const drawn = new Float32Array(size * dimension); // [size, dimension]
  for (let i = 0; i < size; i++) {
    const other = i + Math.floor(random() * (vectors - i));
    const chosen = order[other]!;
    order[other] = order[i]!;
    drawn.set(features.subarray(chosen * dimension, (chosen + 1) * dimension), i * dimension);
  }
  return drawn;
}

function requireVectors(features: Float32Array, dimension: number, least: number): void {
  const vectors = countVectors(features, dimension);
  if (vectors < least)
    throw new RangeError(
      `a set of ${vectors} vectors where ${least} are needed; pass more features or draw smaller subsets`,
    );
}
