import { describe, expect, test } from 'vitest';
import { drawGrid } from './grid.ts';
import type { Picture } from './image.ts';
import { overview } from './overview.ts';

const pictures = (count: number, size: number): readonly Picture[] => {
  const data = new Uint8Array(size * size).fill(7);
  return Array.from({ length: count }, () => ({ width: size, height: size, channels: 1, data }));
};
/** How many pictures are shown: their grey covers so many cells. */
function shown({ data }: Picture, cell: number): number {
  let grey = 0;
  for (let i = 0; i < data.length; i += 3) if (data[i] === 7) grey++;
  return grey / cell ** 2;
}

/** Whether two pictures are the same, pixel for pixel. */
const isSame = (a: Picture, b: Picture): boolean =>
  a.width === b.width && a.height === b.height && a.data.every((level, i) => level === b.data[i]);

describe('overview', () => {
  test('shows up to ten in a row, with captions', () => {
    const row = drawGrid({ rows: [{ pictures: pictures(10, 32) }], columns: ['a', 'b'] });
    expect(isSame(overview(pictures(10, 32), ['a', 'b']), row)).toBe(true);
  });

  test('shows more in rows of at most ten', () => {
    const some = pictures(12, 32);
    const rows = [0, 4, 8].map((from) => ({ caption: `${from} to ${from + 3}`, pictures: some.slice(from, from + 4) }));
    expect(isSame(overview(some, []), drawGrid({ rows }))).toBe(true);
    expect(overview(pictures(150, 32), []).width).toBe(overview(pictures(140, 32), []).width);
  });

  test('shows as many of ten thousand as can be looked at, and says so', () => {
    const grid = overview(pictures(10_000, 32), []);
    expect(grid.height).toBeLessThanOrEqual(16_384 + 100);
    const count = shown(grid, 128);
    expect(count).toBeGreaterThan(1000);
    expect(count % 10).toBe(0);
    const unsaid = overview(pictures(count, 32), []);
    expect(shown(unsaid, 128)).toBe(count);
    expect(grid.height).toBeGreaterThan(unsaid.height); // by the line that says so
  });

  test('shows fewer of large pictures, one row at least', () => {
    const large = overview(pictures(40, 2000), []);
    expect(large.width * large.height).toBeLessThan(2 ** 26 * 1.1);
    const tall: Picture = { width: 128, height: 20_000, channels: 1, data: new Uint8Array(128 * 20_000).fill(7) };
    expect(shown(overview([tall, tall, tall], []), 1)).toBe(3 * tall.data.length);
  });

  test('refuses nothing', () => {
    expect(() => overview([], [])).toThrow('0 pictures');
  });
});
