import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { differenceOf, picturesOf, type Picture } from './image.ts';

describe('picturesOf', () => {
  test('interleaves the planes of each image', () => {
    const values = Float32Array.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11).map((level) => level / 127.5 - 1);
    const [first, second] = picturesOf(values, [2, 3, 1, 2]);
    expect(first).toEqual({ width: 2, height: 1, channels: 3, data: Uint8Array.of(0, 2, 4, 1, 3, 5) });
    expect([...second!.data]).toEqual([6, 8, 10, 7, 9, 11]);
  });

  test('rounds to the nearest level, halves upwards, and clamps', () => {
    const values = Float32Array.of(-9, 0, 0.25, 0.5, 0.75, 1.5, 2.5, 254.5, 300, NaN);
    const [picture] = picturesOf(values, [1, 1, 2, 5], [0, 255]);
    expect([...picture!.data]).toEqual([0, 0, 0, 1, 1, 2, 3, 255, 255, 0]);
  });

  test('gives every level back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 6, maxLength: 6 }), (levels) => {
        const values = Float32Array.from(levels, (level) => (level / 255) * 2 - 1);
        expect(picturesOf(values, [1, 1, 2, 3])[0]!.data).toEqual(levels);
      }),
    );
  });

  test('names the numbers that disagree', () => {
    expect(() => picturesOf(new Float32Array(16), [1, 4, 2, 2])).toThrow('4 channels');
    expect(() => picturesOf(new Float32Array(11), [1, 3, 2, 2])).toThrow('11 values for 1 x 3 x 2 x 2');
    expect(() => picturesOf(new Float32Array(1), [1, 1, 1, 1], [1, 1])).toThrow(RangeError);
  });
});

describe('differenceOf', () => {
  const grey = (...levels: number[]): Picture => ({
    width: levels.length,
    height: 1,
    channels: 1,
    data: Uint8Array.from(levels),
  });

  test('amplifies the absolute difference', () => {
    expect([...differenceOf(grey(10, 20, 200), grey(12, 20, 0), 4).data]).toEqual([8, 0, 255]);
  });

  test('refuses pictures of different shapes', () => {
    expect(() => differenceOf(grey(1, 2), grey(1), 4)).toThrow('2 x 1 x 1 against 1 x 1 x 1');
  });
});
