import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { meanSquaredError, psnr, relativeError } from './index.ts';

const value = fc.float({ min: -1, max: 1, noNaN: true });
const image = fc.array(value, { minLength: 12, maxLength: 12 }).map((values) => Float32Array.from(values));

describe('meanSquaredError', () => {
  test('is the mean of the squares', () => {
    expect(meanSquaredError(Float32Array.of(0, 1, 2, 3), Float32Array.of(0, 2, 2, 0))).toBe(2.5);
  });

  test('is symmetric and never negative', () => {
    fc.assert(
      fc.property(
        image,
        image,
        (a, b) => meanSquaredError(a, b) === meanSquaredError(b, a) && meanSquaredError(a, b) >= 0,
      ),
    );
  });

  test('names both lengths', () => {
    expect(() => meanSquaredError(new Float32Array(3072), new Float32Array(1024))).toThrow(RangeError);
    expect(() => meanSquaredError(new Float32Array(3072), new Float32Array(1024))).toThrow('3072 values against 1024');
    expect(() => meanSquaredError(new Float32Array(0), new Float32Array(0))).toThrow(RangeError);
  });
});

describe('psnr', () => {
  test('of equal images is infinite', () => {
    fc.assert(fc.property(image, (a) => psnr(a, a.slice(), 2) === Infinity));
  });

  test('of one grey level in 256 is 48.13 dB', () => {
    const a = new Float32Array(64).fill(100);
    expect(
      psnr(
        a,
        a.map((grey) => grey + 1),
        255,
      ),
    ).toBeCloseTo(20 * Math.log10(255), 12);
    expect(
      psnr(
        a,
        a.map((grey) => grey + 1),
        255,
      ),
    ).toBeCloseTo(48.1308, 4);
  });

  test('does not change when images and peak are scaled alike', () => {
    fc.assert(
      fc.property(image, image, (a, b) => {
        const scaled = psnr(
          a.map((x) => 64 * x),
          b.map((x) => 64 * x),
          128,
        );
        expect(scaled === psnr(a, b, 2) || Math.abs(scaled - psnr(a, b, 2)) < 1e-9).toBe(true);
      }),
    );
  });

  test.each([0, -1, NaN, Infinity])('refuses a peak of %d', (peak) => {
    expect(() => psnr(new Float32Array(1), new Float32Array(1), peak)).toThrow(RangeError);
  });
});

describe('relativeError', () => {
  test('is the share of the norm', () => {
    expect(relativeError(Float32Array.of(3, 4.5), Float32Array.of(3, 4))).toBeCloseTo(0.1, 12);
    expect(relativeError(new Float32Array(2), Float32Array.of(3, 4))).toBe(1);
  });

  test('against zeros is 0 or infinite', () => {
    expect(relativeError(new Float32Array(2), new Float32Array(2))).toBe(0);
    expect(relativeError(Float32Array.of(0, 1), new Float32Array(2))).toBe(Infinity);
  });

  test('passes NaN on', () => {
    expect(relativeError(Float32Array.of(NaN), Float32Array.of(1))).toBeNaN();
  });

  test('does not depend on the unit', () => {
    fc.assert(
      fc.property(image, image, (a, b) => {
        fc.pre(b.some((x) => Math.abs(x) > 1e-3));
        expect(
          relativeError(
            a.map((x) => 8 * x),
            b.map((x) => 8 * x),
          ),
        ).toBeCloseTo(relativeError(a, b), 9);
      }),
    );
  });
});
