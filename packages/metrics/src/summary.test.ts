import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bootstrapInterval, median, quantile } from './index.ts';

const values = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 30 });
const seeded = (seed: number): (() => number) => {
  let state = seed;
  return () => (state = (state * 16807) % 2147483647) / 2147483647;
};

describe('median and quantile', () => {
  test('of short lists', () => {
    expect(median([3])).toBe(3);
    expect(median([10, 9, 1])).toBe(9);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(quantile([0, 10], 0.25)).toBe(2.5);
    expect(median([1, Infinity, Infinity])).toBe(Infinity);
  });

  test('lie between the extremes, grow with the fraction, ignore the order and leave the list alone', () => {
    fc.assert(
      fc.property(
        values,
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (list, p, q) => {
          const copy = list.slice();
          const [low, high] = [quantile(list, Math.min(p, q)), quantile(list, Math.max(p, q))];
          expect(list).toEqual(copy);
          expect(low).toBeLessThanOrEqual(high);
          expect(quantile(list, 0)).toBe(Math.min(...list));
          expect(quantile(list, 1)).toBe(Math.max(...list));
          expect(quantile(list.toReversed(), p)).toBe(quantile(list, p));
        },
      ),
    );
  });

  test('refuse nothing, NaN, and fractions outside 0 to 1', () => {
    expect(() => median([])).toThrow(RangeError);
    expect(() => median([1, NaN])).toThrow('value 1 of 2 is NaN');
    expect(() => quantile([1], 1.5)).toThrow('the fraction is 1.5');
  });
});

describe('bootstrapInterval', () => {
  test('of equal values is a point', () => {
    expect(bootstrapInterval([2, 2, 2], median, { random: seeded(1) })).toEqual({ low: 2, high: 2 });
  });

  test('is the same for the same seed, holds the statistic and narrows with the level', () => {
    const times = [1.71, 1.69, 1.74, 1.7, 1.98, 1.72, 1.68, 1.73, 1.7, 1.75];
    const wide = bootstrapInterval(times, median, { random: seeded(5), level: 0.95 });
    const narrow = bootstrapInterval(times, median, { random: seeded(5), level: 0.5 });
    expect(bootstrapInterval(times, median, { random: seeded(5) })).toEqual(wide);
    expect(wide.low).toBeLessThanOrEqual(narrow.low);
    expect(wide.high).toBeGreaterThanOrEqual(narrow.high);
    expect(median(times)).toBeGreaterThanOrEqual(narrow.low);
    expect(median(times)).toBeLessThanOrEqual(narrow.high);
  });

  test('covers the true mean about as often as it says', () => {
    const random = seeded(11);
    const mean = (list: readonly number[]): number => list.reduce((sum, value) => sum + value, 0) / list.length;
    let covered = 0;
    for (let trial = 0; trial < 200; trial++) {
      const { low, high } = bootstrapInterval(Array.from({ length: 30 }, random), mean, {
        random,
        samples: 300,
        level: 0.9,
      });
      if (low <= 0.5 && 0.5 <= high) covered++;
    }
    expect(covered / 200).toBeGreaterThan(0.82);
    expect(covered / 200).toBeLessThan(0.97);
  });

  test('refuses what it cannot draw', () => {
    expect(() => bootstrapInterval([], median, { random: seeded(1) })).toThrow(RangeError);
    expect(() => bootstrapInterval([1], median, { random: seeded(1), samples: 0 })).toThrow(RangeError);
    expect(() => bootstrapInterval([1], median, { random: seeded(1), level: 1 })).toThrow(RangeError);
  });
});
