import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { featureStatistics, type FeatureStatistics } from './feature-statistics.ts';

/**
 * The Frechet distance of two sets of features, `[vectors, dimension]` each, taken as Gaussians. Lower is closer; 0 for
 * equal ones.
 *
 * Heusel et al., "GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash Equilibrium", 2017, Eq. 6:
 * `|m_a - m_b|^2 + tr(C_a + C_b - 2 (C_a C_b)^(1/2))`, in squared units of the features. It is the FID where the
 * features are those of InceptionV3's last pooling layer; with any other network it is not, and must not be called so.
 * It is biased upwards for small sets: compare only distances over equal counts.
 */
export function frechetDistance(featuresA: Float32Array, featuresB: Float32Array, dimension: number): number {
  return frechetDistanceOfStatistics(featureStatistics(featuresA, dimension), featureStatistics(featuresB, dimension));
}

/**
 * The Frechet distance of two Gaussians, for features too many to hold at once (`FeatureAccumulator`) or published
 * statistics.
 */
export function frechetDistanceOfStatistics(a: FeatureStatistics, b: FeatureStatistics): number {
  requireSameDimension(a, b);
  const means = a.mean.reduce((sum, value, i) => sum + (value - b.mean[i]!) ** 2, 0);
  // The rank of a covariance is below the count of its vectors; starting from the smaller set gives the smaller
  // problem.
  const [outer, inner] = a.count <= b.count ? [a, b] : [b, a];
  return Math.max(0, means + trace(a) + trace(b) - 2 * traceOfRoot(outer, inner));
}

/**
 * `tr((C_a C_b)^(1/2))`, as the sum of the square roots of the eigenvalues of `C_a^(1/2) C_b C_a^(1/2)`.
 *
 * That product has the eigenvalues of `C_a C_b` but is symmetric, so they are real and need no general matrix square
 * root, which fails for singular covariances (fewer vectors than dimensions). The product is formed in the eigenvectors
 * of `C_a` that have a variance: the others contribute nothing, and rounding would make up square roots of 1e-8 for
 * each.
 */
function traceOfRoot(a: FeatureStatistics, b: FeatureStatistics): number {
  const root = rootFactor(a); // [dimension, rank]
  if (root.columns === 0) return 0;
  const product = root.transpose().mmul(matrixOf(b)).mmul(root); // [rank, rank]
  return symmetricEigen(product).realEigenvalues.reduce((sum, value) => sum + Math.sqrt(Math.max(0, value)), 0);
}

/** `V sqrt(L)` over the eigenvalues `L` of the covariance that exceed rounding, so that `C = root root^T`. */
function rootFactor(statistics: FeatureStatistics): Matrix {
  const { realEigenvalues, eigenvectorMatrix } = symmetricEigen(matrixOf(statistics));
  const noise =
    realEigenvalues.reduce((most, value) => Math.max(most, value), 0) * realEigenvalues.length * Number.EPSILON;
  const kept = realEigenvalues.flatMap((value, column) => (value > noise ? [column] : []));
  if (kept.length === 0) return new Matrix(realEigenvalues.length, 0);
  return eigenvectorMatrix
    .subMatrixColumn(kept)
    .mulRowVector(kept.map((column) => Math.sqrt(realEigenvalues[column]!)));
}

function symmetricEigen(matrix: Matrix): EigenvalueDecomposition {
  // Rounding leaves a product slightly asymmetric, and the solver reads both triangles.
  const symmetric = Matrix.add(matrix, matrix.transpose()).mul(0.5);
  return new EigenvalueDecomposition(symmetric, { assumeSymmetric: true });
}

function matrixOf({ covariance, mean }: FeatureStatistics): Matrix {
  return Matrix.from1DArray(mean.length, mean.length, covariance);
}

function trace({ covariance, mean }: FeatureStatistics): number {
  return mean.reduce((sum, _, i) => sum + covariance[i * (mean.length + 1)]!, 0);
}

function requireSameDimension(a: FeatureStatistics, b: FeatureStatistics): void {
  if (a.mean.length !== b.mean.length) {
    throw new RangeError(
      `features of dimension ${a.mean.length} against ${b.mean.length}; use the same feature network for both sets`,
    );
  }
  for (const { mean, covariance } of [a, b]) {
    if (covariance.length !== mean.length ** 2) {
      throw new RangeError(
        `a covariance of ${covariance.length} values for a mean of ${mean.length}; pass [dimension, dimension]`,
      );
    }
    if (!(mean.every(Number.isFinite) && covariance.every(Number.isFinite))) {
      throw new RangeError('the statistics hold NaN or infinite values; check the features for failed images');
    }
  }
}
