import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fitsTable, formatTable } from './text-table.ts';
import { wrapText } from './wrap.ts';

describe('formatTable', () => {
  test('puts numbers at the right and text at the left', () => {
    const rows = [
      ['uncached', '4.21 s', '-', 50],
      ['procache-published', '1.70 s', '2.48x', 8],
    ];
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
    const table = formatTable(
      ['name', 'about', 'size'],
      [
        ['small', 'a model of shapes '.repeat(8), 12],
        ['x', '#.+.'.repeat(25), 3],
      ],
    );
    for (const line of table.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    expect(table.replaceAll(/\s/g, '')).toContain('amodelofshapes');
  });

  test('wraps headings before it wraps cells, and breaks no word while that is enough', () => {
    const headings = ['judged', 'steps', 'latent-error', '95 % sure', 'psnr (dB)', 'ssim', 'speed-up'];
    const rows = [
      ['procache-published', 17, '1.21e-3', '7.88e-4..1.63e-3', '35.7', '0.943', '2.65x'],
      ['found, 17 computed', 17, '8.66e-5', '0.00..2.12e-4', '50.5', '0.9989', '2.76x'],
      ['taylorseer-lite-3-2', 18, '1.52e-4', '0.00..3.04e-4', '46.2', '0.9965', '2.31x'],
    ];
    expect(fitsTable(headings, rows)).toBe(true);
    const table = formatTable(headings, rows);
    expect(table).toBe(
      [
        'judged               steps  latent-  95 % sure            psnr    ssim  speed-up',
        '                              error                       (dB)',
        '-------------------  -----  -------  ----------------  -------  ------  --------',
        'procache-published      17  1.21e-3  7.88e-4..1.63e-3     35.7   0.943     2.65x',
        'found, 17 computed      17  8.66e-5  0.00..2.12e-4        50.5  0.9989     2.76x',
        'taylorseer-lite-3-2     18  1.52e-4  0.00..3.04e-4        46.2  0.9965     2.31x',
        '',
      ].join('\n'),
    );
  });

  test('breaks no word of a table that fits, whatever its cells', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', '-', '7'), minLength: 1, maxLength: 12 });
    const cell = fc.array(word, { minLength: 1, maxLength: 4 }).map((words) => words.join(' '));
    const rows = fc
      .integer({ min: 1, max: 5 })
      .chain((columns) =>
        fc.array(fc.array(cell, { minLength: columns, maxLength: columns }), { minLength: 1, maxLength: 4 }),
      );
    fc.assert(
      fc.property(rows, ([headings, ...others]) => {
        const table = formatTable(headings!, others, 60);
        if (!fitsTable(headings!, others, 60)) return;
        for (const line of table.split('\n')) expect(line.length).toBeLessThanOrEqual(60);
        const written = new Set(table.split(/\s+/));
        for (const own of others.flat().flatMap((text) => text.split(' '))) expect(written).toContain(own);
      }),
    );
  });

  test('takes cells of hundreds of thousands of letters', () => {
    const started = Date.now();
    for (const line of formatTable(['name', 'size'], [['x'.repeat(300_000), 1]]).split('\n'))
      expect(line.length).toBeLessThanOrEqual(80);
    expect(Date.now() - started).toBeLessThan(5_000);
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
