import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ssim } from './index.ts';

const shape = { channels: 2, height: 13, width: 14, peak: 2 };
const length = shape.channels * shape.height * shape.width;
const image = fc
  .array(fc.float({ min: -1, max: 1, noNaN: true }), { minLength: length, maxLength: length })
  .map((values) => Float32Array.from(values));

/** Eq. 13 written down as it stands: two-dimensional windows, centred moments. */
function naiveSsim(a: Float32Array, b: Float32Array, { channels, height, width, peak }: typeof shape): number {
  const window: number[][] = Array.from({ length: 11 }, (_, y) =>
    Array.from({ length: 11 }, (__, x) => Math.exp(-((x - 5) ** 2 + (y - 5) ** 2) / (2 * 1.5 ** 2))),
  );
  const total = window.flat().reduce((sum, weight) => sum + weight, 0);
  const similarities: number[] = [];
  for (let c = 0; c < channels; c++) {
    for (let top = 0; top + 11 <= height; top++) {
      for (let left = 0; left + 11 <= width; left++) {
        const expectation = (f: (x: number, y: number) => number): number => {
          let sum = 0;
          for (let y = 0; y < 11; y++) {
            for (let x = 0; x < 11; x++) {
              const i = (c * height + top + y) * width + left + x;
              sum += (window[y]![x]! / total) * f(a[i]!, b[i]!);
            }
          }
          return sum;
        };
        const [ma, mb] = [expectation((x) => x), expectation((_, y) => y)];
        const [va, vb] = [expectation((x) => (x - ma) ** 2), expectation((_, y) => (y - mb) ** 2)];
        const cov = expectation((x, y) => (x - ma) * (y - mb));
        const [c1, c2] = [(0.01 * peak) ** 2, (0.03 * peak) ** 2];
        similarities.push(((2 * ma * mb + c1) * (2 * cov + c2)) / ((ma * ma + mb * mb + c1) * (va + vb + c2)));
      }
    }
  }
  return similarities.reduce((sum, value) => sum + value, 0) / similarities.length;
}

describe('ssim', () => {
  test('equals the equations written down directly', () => {
    fc.assert(
      fc.property(image, image, (a, b) => Math.abs(ssim(a, b, shape) - naiveSsim(a, b, shape)) < 1e-10),
      { numRuns: 25 },
    );
  });

  test('is symmetric, at most 1, at least -1, and 1 for equal images', () => {
    fc.assert(
      fc.property(image, image, (a, b) => {
        const similarity = ssim(a, b, shape);
        expect(similarity).toBeCloseTo(ssim(b, a, shape), 12);
        expect(Math.abs(similarity)).toBeLessThanOrEqual(1 + 1e-12);
        expect(ssim(a, a.slice(), shape)).toBeCloseTo(1, 12);
      }),
      { numRuns: 25 },
    );
  });

  test('does not change when images and peak are scaled alike', () => {
    fc.assert(
      fc.property(image, image, (a, b) => {
        const scaled = ssim(
          a.map((x) => 4 * x),
          b.map((x) => 4 * x),
          { ...shape, peak: 8 },
        );
        expect(scaled).toBeCloseTo(ssim(a, b, shape), 10);
      }),
      { numRuns: 25 },
    );
  });

  test('of two flat images is the luminance term alone', () => {
    const flat = (grey: number): Float32Array => new Float32Array(11 * 12).fill(grey);
    const c1 = (0.01 * 255) ** 2;
    const expected = (2 * 100 * 150 + c1) / (100 ** 2 + 150 ** 2 + c1);
    expect(ssim(flat(100), flat(150), { channels: 1, height: 11, width: 12, peak: 255 })).toBeCloseTo(expected, 10);
  });

  test('refuses images that hold no window', () => {
    expect(() =>
      ssim(new Float32Array(80), new Float32Array(80), { channels: 1, height: 8, width: 10, peak: 1 }),
    ).toThrow(/10 x 8 pixels but ssim compares windows of 11 x 11/);
  });

  test('names the shape and the length that disagree', () => {
    expect(() => ssim(new Float32Array(length), new Float32Array(5), shape)).toThrow(
      /has 5 values but 2 x 13 x 14 .* is 364/,
    );
    expect(() => ssim(new Float32Array(0), new Float32Array(0), { ...shape, width: 12.5 })).toThrow(RangeError);
    expect(() => ssim(new Float32Array(0), new Float32Array(0), { ...shape, peak: 0 })).toThrow(RangeError);
  });
});
