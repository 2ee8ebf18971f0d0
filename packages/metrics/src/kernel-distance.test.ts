import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { kernelDistance } from './index.ts';

const features = (vectors: number): fc.Arbitrary<Float32Array> =>
  fc
    .array(fc.float({ min: -2, max: 2, noNaN: true }), { minLength: vectors * 3, maxLength: vectors * 3 })
    .map((values) => Float32Array.from(values));

describe('kernelDistance', () => {
  test('of two points each can be worked out by hand', () => {
    // k(0, 1) = 1, k(2, 3) = 343; across: k(0, .) = 1, k(1, 2) = 27, k(1, 3) = 64.
    expect(kernelDistance(Float32Array.of(0, 1), Float32Array.of(2, 3), 1)).toBeCloseTo(
      1 + 343 - (2 * (1 + 1 + 27 + 64)) / 4,
      12,
    );
  });

  test('is symmetric and does not depend on the order of the vectors', () => {
    fc.assert(
      fc.property(features(4), features(5), (a, b) => {
        const distance = kernelDistance(a, b, 3);
        expect(kernelDistance(b, a, 3)).toBeCloseTo(distance, 8);
        const rotated = Float32Array.of(...a.subarray(3), ...a.subarray(0, 3));
        expect(kernelDistance(rotated, b, 3)).toBeCloseTo(distance, 8);
      }),
    );
  });

  test('is unbiased: over all pairs of values of a coin, two sets of the same coin have a mean distance of 0', () => {
    // Every set of 2 from {-1, 1} is equally likely, so the expectation is a plain mean over the 16 pairs of sets.
    const sets = [
      [-1, -1],
      [-1, 1],
      [1, -1],
      [1, 1],
    ].map((set) => Float32Array.from(set));
    const distances = sets.flatMap((a) => sets.map((b) => kernelDistance(a, b, 1)));
    expect(distances.reduce((sum, value) => sum + value, 0)).toBeCloseTo(0, 12);
    expect(Math.min(...distances)).toBeLessThan(0);
  });

  test('has the population distance as its mean where the sets differ', () => {
    // Coins {0, 1} and {1, 1}: E k(x, x') = (1+1+1+8)/4, k(y, y') = 8, E k(x, y) = (1+8)/2.
    const sets = [
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
    ].map((set) => Float32Array.from(set));
    const mean = sets.reduce((sum, a) => sum + kernelDistance(a, Float32Array.of(1, 1), 1), 0) / 4;
    expect(mean).toBeCloseTo(11 / 4 + 8 - 9, 12);
  });

  test('needs two vectors a set', () => {
    expect(() => kernelDistance(new Float32Array(3), new Float32Array(6), 3)).toThrow(
      'a set of 1 vectors where 2 are needed',
    );
  });
});
