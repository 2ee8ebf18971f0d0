import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  FeatureAccumulator,
  featureStatistics,
  frechetDistance,
  frechetDistanceOfStatistics,
  type FeatureStatistics,
} from './index.ts';

const gaussian = (mean: number[], covariance: number[]): FeatureStatistics => ({
  count: 1000,
  mean: Float64Array.from(mean),
  covariance: Float64Array.from(covariance),
});
const features = (vectors: number, dimension: number): fc.Arbitrary<Float32Array> =>
  fc
    .array(fc.float({ min: -4, max: 4, noNaN: true }), {
      minLength: vectors * dimension,
      maxLength: vectors * dimension,
    })
    .map((values) => Float32Array.from(values));

describe('featureStatistics', () => {
  test('divides by one less than the count', () => {
    const { count, mean, covariance } = featureStatistics(Float32Array.of(0, 0, 2, 4, 4, 2), 2);
    expect(count).toBe(3);
    expect([...mean]).toEqual([2, 2]);
    expect([...covariance]).toEqual([4, 2, 2, 4]);
  });

  test('is the same however the vectors are cut into batches', () => {
    fc.assert(
      fc.property(features(9, 3), fc.nat({ max: 9 }), fc.nat({ max: 9 }), (all, one, other) => {
        const [first, second] = [Math.min(one, other) * 3, Math.max(one, other) * 3];
        const accumulator = new FeatureAccumulator(3);
        for (const batch of [all.subarray(0, first), all.subarray(first, second), all.subarray(second)])
          accumulator.add(batch);
        const [parts, whole] = [accumulator.statistics(), featureStatistics(all, 3)];
        parts.mean.forEach((value, i) => expect(value).toBeCloseTo(whole.mean[i]!, 10));
        parts.covariance.forEach((value, i) => expect(value).toBeCloseTo(whole.covariance[i]!, 10));
      }),
    );
  });

  test('keeps its digits far from zero', () => {
    const far = Float32Array.from([1, 2, 3, 4].map((x) => 2 ** 20 + x));
    const accumulator = new FeatureAccumulator(1);
    for (const value of far) accumulator.add(Float32Array.of(value));
    expect(accumulator.statistics().covariance[0]).toBeCloseTo(5 / 3, 9);
  });

  test('names the numbers that disagree', () => {
    expect(() => featureStatistics(new Float32Array(7), 2)).toThrow('7 values are not whole vectors of dimension 2');
    expect(() => featureStatistics(new Float32Array(2), 2)).toThrow('1 feature vectors have no covariance');
    expect(() => new FeatureAccumulator(0)).toThrow(RangeError);
  });
});

describe('frechetDistance', () => {
  test('of Gaussians on a line is (m - n)^2 + (s - t)^2', () => {
    expect(frechetDistanceOfStatistics(gaussian([1], [9]), gaussian([3], [4]))).toBeCloseTo(4 + 1, 12);
  });

  test('of axis-aligned Gaussians adds up over the axes', () => {
    const a = gaussian([0, 0, 0], [1, 0, 0, 0, 4, 0, 0, 0, 9]);
    const b = gaussian([1, 0, 2], [4, 0, 0, 0, 4, 0, 0, 0, 0]);
    expect(frechetDistanceOfStatistics(a, b)).toBeCloseTo(5 + 1 + 0 + 9, 12);
  });

  test('of 2 x 2 covariances that do not commute follows from their determinants', () => {
    // tr sqrt(M) = sqrt(tr M + 2 sqrt(det M)) for 2 x 2, with M = A B.
    const a = gaussian([0, 0], [2, 1, 1, 3]);
    const b = gaussian([0, 0], [5, -1, -1, 1]);
    const traceOfProduct = 2 * 5 + 1 * -1 + (1 * -1 + 3 * 1);
    const expected = 5 + 6 - 2 * Math.sqrt(traceOfProduct + 2 * Math.sqrt(5 * 4));
    expect(frechetDistanceOfStatistics(a, b)).toBeCloseTo(expected, 12);
  });

  test('of orthogonal degenerate Gaussians is the sum of their variances', () => {
    expect(frechetDistanceOfStatistics(gaussian([0, 0], [4, 0, 0, 0]), gaussian([0, 0], [0, 0, 0, 9]))).toBeCloseTo(
      13,
      12,
    );
    expect(frechetDistanceOfStatistics(gaussian([0, 0], [0, 0, 0, 0]), gaussian([0, 3], [0, 0, 0, 0]))).toBe(9);
  });

  test('is symmetric, not negative, and 0 for equal sets, even with fewer vectors than dimensions', () => {
    fc.assert(
      fc.property(features(4, 6), features(9, 6), (a, b) => {
        const distance = frechetDistance(a, b, 6);
        expect(distance).toBeGreaterThanOrEqual(0);
        expect(frechetDistance(b, a, 6)).toBeCloseTo(distance, 5);
        expect(frechetDistance(a, a, 6)).toBeLessThan(1e-6);
      }),
    );
  });

  test('grows by the squared length of a shift', () => {
    fc.assert(
      fc.property(features(8, 3), features(8, 3), (a, b) => {
        const [ma, mb] = [featureStatistics(a, 3), featureStatistics(b, 3)];
        const shifted = { ...mb, mean: ma.mean.map((value, i) => value + [1, 2, 2][i]!) };
        const level = { ...mb, mean: ma.mean };
        expect(frechetDistanceOfStatistics(ma, shifted) - frechetDistanceOfStatistics(ma, level)).toBeCloseTo(9, 6);
      }),
    );
  });

  test('names the numbers that disagree', () => {
    expect(() => frechetDistanceOfStatistics(gaussian([0], [1]), gaussian([0, 0], [1, 0, 0, 1]))).toThrow(
      'dimension 1 against 2',
    );
    expect(() => frechetDistanceOfStatistics(gaussian([0], [1]), gaussian([0], [1, 0]))).toThrow(RangeError);
    expect(() => frechetDistanceOfStatistics(gaussian([NaN], [1]), gaussian([0], [1]))).toThrow(/NaN/);
  });
});
