import { countVectors } from './feature-statistics.ts';

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
  requireTwo(featuresA, dimension);
  requireTwo(featuresB, dimension);
  return (
    meanKernelWithin(featuresA, dimension) +
    meanKernelWithin(featuresB, dimension) -
    2 * meanKernelAcross(featuresA, featuresB, dimension)
  );
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

function requireTwo(features: Float32Array, dimension: number): void {
  const vectors = countVectors(features, dimension);
  if (vectors < 2) throw new RangeError(`a set of ${vectors} vectors where 2 are needed; pass more features`);
}
