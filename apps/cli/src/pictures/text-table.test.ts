import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatTable } from './text-table.ts';
import { wrapText } from './wrap.ts';

describe('formatTable', () => {
  test('puts numbers at the right and text at the left', () => {
    const rows = [['uncached', '4.21 s', '-', 50], ['procache-published', '1.70 s', '2.48x', 8]];
    expect(formatTable(['schedule', 'time', 'speed-up', 'steps'], rows)).toBe(
      [
        'schedule              time  speed-up  steps',
        '------------------  ------  --------  -----',
        'uncached            4.21 s         -     50',
        'procache-published  1.70 s     2.48x      8',
        '',
      ].join('\n'),
    );
  });

  test('wraps text where the table is too wide', () => {
    const table = formatTable(['name', 'about', 'size'], [['small', 'a model of shapes '.repeat(8), 12], ['x', '#.+.'.repeat(25), 3]]);
    for (const line of table.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    expect(table.replaceAll(/\s/g, '')).toContain('amodelofshapes');
  });

  test('has headings without rows, and refuses rows of another length', () => {
    expect(formatTable(['a', 'b'], [])).toBe('a  b\n-  -\n');
    expect(() => formatTable(['a', 'b'], [['x']])).toThrow('row 0 has 1 cells under 2 headings');
  });
});

describe('wrapText', () => {
  const length = (line: string): number => line.length;

  test('breaks at spaces, at line feeds, and inside long words', () => {
    expect(wrapText('golden retriever', 9, length)).toEqual(['golden', 'retriever']);
    expect(wrapText('a b\nc', 9, length)).toEqual(['a b', 'c']);
    expect(wrapText('an abcdefgh x', 3, length)).toEqual(['an', 'abc', 'def', 'gh', 'x']);
    expect(wrapText('', 9, length)).toEqual(['']);
  });

  test('keeps every letter and every width', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 1, max: 12 }), (text, width) => {
        const lines = wrapText(text, width, length);
        expect(lines.join('').replaceAll(' ', '')).toBe(text.replaceAll(/[ \n]/g, ''));
        for (const line of lines) expect(line.length).toBeLessThanOrEqual(width);
      }),
    );
  });
});
