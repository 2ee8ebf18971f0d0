import { describe, expect, test } from 'vitest';
import { blankCanvas } from './canvas.ts';
import { glyphsOf, isInk } from './font.ts';
import { drawText, textWidth } from './lettering.ts';

const printable = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)).join('');
const drawn = (text: string): string =>
  glyphsOf(text)[0]!
    .rows.map((_, y) => Array.from({ length: 5 }, (__, x) => (isInk(glyphsOf(text)[0]!, x, y) ? '#' : '.')).join(''))
    .join('\n');

describe('the font', () => {
  test('has a different glyph of nine rows for every printable letter', () => {
    const glyphs = glyphsOf(printable);
    expect(glyphs).toHaveLength(95);
    for (const glyph of glyphs) expect(glyph.rows).toHaveLength(9);
    const alike = new Set(['0', 'O']);
    const shapes = Array.from(printable, drawn);
    expect(new Set(shapes).size).toBe(95 - (alike.size - 1));
  });

  test('draws an A', () => {
    expect(drawn('A')).toBe(
      ['..#..', '.#.#.', '#...#', '#...#', '#####', '#...#', '#...#', '.....', '.....'].join('\n'),
    );
  });

  test('letters other scripts as they are transliterated', () => {
    expect(glyphsOf('Käfer')).toEqual(glyphsOf('Kafer'));
    expect(glyphsOf('中\t猫')).toEqual(glyphsOf('Zhong Mao'));
  });

  test('gives all digits the same width', () => {
    expect(new Set(Array.from('0123456789', (digit) => textWidth(digit, 2)))).toEqual(new Set([10]));
  });
});

describe('drawText', () => {
  test('stays within the measured width, and off the canvas it is cut', () => {
    const canvas = blankCanvas(textWidth(printable, 2) + 20, 40);
    drawText(canvas, printable, [10, 10], 2, [0, 0, 0]);
    let [left, right] = [canvas.width, 0];
    canvas.data.forEach((level, i) => {
      if (level < 128)
        [left, right] = [
          Math.min(left, Math.floor(i / 3) % canvas.width),
          Math.max(right, Math.floor(i / 3) % canvas.width),
        ];
    });
    expect(left).toBeGreaterThanOrEqual(10);
    expect(right).toBeLessThanOrEqual(10 + textWidth(printable, 2));
    drawText(canvas, printable, [-30, 35], 3, [0, 0, 0]);
  });
});
