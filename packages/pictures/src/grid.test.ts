import { describe, expect, test } from 'vitest';
import { drawGrid } from './grid.ts';
import { type Picture } from './image.ts';
import { cachedCaption, sideBySide, uncachedCaption } from './side-by-side.ts';

const plain = (size: number, red: number, channels: 1 | 3 = 3): Picture => ({
  width: size,
  height: size,
  channels,
  data: Uint8Array.from({ length: size * size * channels }, (_, i) => (i % channels === 0 ? red : 0)),
});

/** How many pixels of a picture have this colour. */
const count = ({ data }: Picture, red: number, green: number, blue: number): number => {
  let pixels = 0;
  for (let i = 0; i < data.length; i += 3)
    if (data[i] === red && data[i + 1] === green && data[i + 2] === blue) pixels++;
  return pixels;
};

describe('drawGrid', () => {
  test('enlarges small pictures by whole numbers and shows each whole', () => {
    const grid = drawGrid({ rows: [{ pictures: [plain(32, 250), plain(32, 240)] }, { pictures: [plain(32, 230)] }] });
    for (const red of [250, 240, 230]) expect(count(grid, red, 0, 0)).toBe(128 * 128);
    expect(count(drawGrid({ rows: [{ pictures: [plain(50, 250)] }] }), 250, 0, 0)).toBe(150 * 150);
    expect(count(drawGrid({ rows: [{ pictures: [plain(400, 250)] }] }), 250, 0, 0)).toBe(400 * 400);
    expect(count(drawGrid({ rows: [{ pictures: [plain(32, 250)] }], leastCell: 96 }), 250, 0, 0)).toBe(96 * 96);
  });

  test('draws grey as grey', () => {
    expect(count(drawGrid({ rows: [{ pictures: [plain(128, 77, 1)] }] }), 77, 77, 77)).toBe(128 * 128);
  });

  test('makes room for captions, title and footer without covering a picture', () => {
    const rows = [{ caption: 'a caption that needs\nthree lines or so', pictures: [plain(32, 250), plain(32, 250)] }];
    const bare = drawGrid({ rows: [{ pictures: rows[0]!.pictures }] });
    const full = drawGrid({
      rows,
      columns: ['circle', 'golden retriever'],
      title: 'title',
      footer: 'footer '.repeat(30),
    });
    expect(full.width).toBeGreaterThan(bare.width);
    expect(full.height).toBeGreaterThan(bare.height);
    expect(count(full, 250, 0, 0)).toBe(2 * 128 * 128);
    const margin = full.data.subarray(0, full.width * 3 * 20);
    expect(margin.every((level) => level === 255)).toBe(true);
  });

  test('cuts texts of any length: a name of 300 letters takes no more lines than one of 60', () => {
    const heightWith = (texts: object): number => drawGrid({ rows: [{ pictures: [plain(32, 250)] }], ...texts }).height;
    const long = 'An unusually long name of a class '.repeat(9);
    for (const name of [long, long.replaceAll(' ', ''), '长'.repeat(300), long.repeat(10_000)]) {
      expect(heightWith({ columns: [name] })).toBe(heightWith({ columns: ['word '.repeat(60 / 5)] }));
      expect(heightWith({ title: name })).toBeLessThan(heightWith({}) + 100);
      expect(heightWith({ footer: name })).toBeLessThan(heightWith({}) + 400);
      const [row] = [{ caption: name, pictures: [plain(32, 250)] }];
      expect(drawGrid({ rows: [row] }).height).toBe(heightWith({}));
    }
  });

  test('refuses a canvas of gigabytes', () => {
    const wide = { ...plain(1, 0, 1), width: 20_000, height: 20_000 };
    expect(() => drawGrid({ rows: [{ pictures: [wide] }] })).toThrow('draw fewer or smaller pictures');
  });

  test('refuses nothing, and pictures of different sizes', () => {
    expect(() => drawGrid({ rows: [{ pictures: [] }] })).toThrow('1 rows and 0 pictures');
    expect(() => drawGrid({ rows: [{ pictures: [plain(4, 1), plain(5, 1)] }] })).toThrow(
      '5 x 5 x 3 in a grid of 4 x 4 x 3',
    );
  });
});

describe('sideBySide', () => {
  test('shows both rows and their amplified difference', () => {
    const comparison = sideBySide({
      uncached: { caption: uncachedCaption(4.21), pictures: [plain(128, 200)] },
      cached: { caption: 'schedule', pictures: [plain(128, 190)] },
    });
    for (const red of [200, 190, 40]) expect(count(comparison, red, 0, 0)).toBe(128 * 128);
  });

  test('refuses a different number of images', () => {
    const row = { caption: '', pictures: [plain(4, 1)] };
    expect(() => sideBySide({ uncached: row, cached: { ...row, pictures: [] } })).toThrow(
      '1 uncached images against 0',
    );
  });

  test('writes captions', () => {
    const result = { schedule: 'procache-published', seconds: 1.7, uncachedSeconds: 4.21, psnr: 33.12 };
    expect(uncachedCaption(4.212)).toBe('uncached\n4.21 s');
    expect(cachedCaption(result)).toBe('procache-published\n1.70 s (2.48x)\nPSNR 33.1 dB');
    expect(cachedCaption({ ...result, psnr: Infinity })).toContain('identical');
  });
});
