import type { Schedule } from '@procache/core';
import { describe, expect, it } from 'vitest';
import { deedOf, legendOf, meaningOf } from './deed.ts';
import { patternStrip, stripKey } from './strips.ts';

const schedule = (pattern: string, legend: Schedule['legend'] = {}): Schedule => ({ version: 1, pattern, legend });
const searched = schedule('#2+.#3', {
  '2': [{ do: 'reuse', order: 2, span: [0, 3] }],
  '3': [{ do: 'reuse', order: 3, forecast: 'lagrange' }],
  '+': [{ do: 'reuse' }, { do: 'refresh', ratio: 0.3, blocks: [2, 2] }, { do: 'refresh', ratio: 0.5, blocks: [3, 3] }],
  unused: [{ do: 'compute' }],
});

describe('what a letter means', () => {
  it.each([
    ['#', 'computed'],
    ['.', 'reused, branch by branch'],
    ['2', 'forecast of order 2 (taylor), the whole stack'],
    ['3', 'forecast of order 3 (lagrange), branch by branch'],
    ['+', 'reused, branch by branch, 30 to 50 % of tokens refreshed in blocks 2-3'],
  ])('%s is %s', (letter, meaning) => {
    expect(meaningOf(deedOf(searched, letter))).toBe(meaning);
  });

  it('tells a step that computes some of the branches', () => {
    expect(meaningOf(deedOf(schedule('#a', { a: [{ do: 'reuse' }, { do: 'compute', blocks: [0, 0] }] }), 'a'))).toBe(
      'partly computed',
    );
  });
});

describe('a legend', () => {
  it('has exactly the letters that are shown', () => {
    const letters = legendOf([{ name: 'found', schedule: searched }]).flatMap((entry) => entry.letters);
    expect(letters.sort()).toEqual(['#', '+', '.', '2', '3']);
  });

  it('names the schedules where a letter means one thing in one and another thing in the other', () => {
    const methods = [
      { name: 'first', schedule: schedule('#a', { a: [{ do: 'reuse' }] }) },
      { name: 'second', schedule: schedule('#a.', { a: [{ do: 'reuse', order: 2 }] }) },
    ];
    expect(legendOf(methods)).toMatchObject([
      { letters: ['#'], of: [] },
      { letters: ['a'], of: ['first'] },
      { letters: ['a'], of: ['second'] },
      { letters: ['.'], of: [] },
    ]);
    expect(stripKey(methods)).toContain('forecast of order 2 (taylor), branch by branch (in second)');
  });

  it('has one line for letters that mean the same', () => {
    expect(legendOf([{ name: 'x', schedule: schedule('#.a', { a: [{ do: 'reuse' }] }) }])).toMatchObject([
      { letters: ['#'] },
      { letters: ['.', 'a'] },
    ]);
  });
});

describe('a strip', () => {
  it('has a bar for each step, says what each letter does, and shows the letters', () => {
    const svg = patternStrip({ name: 'found', schedule: searched });
    expect(svg.match(/<g>/g)).toHaveLength(6);
    expect(svg).toContain('step 1: 2, forecast of order 2 (taylor), the whole stack');
    expect(svg).toContain('class="letters">#2+.#3</text>');
    expect(svg).toContain('role="img" aria-label="found: #2+.#3"');
  });

  it('draws every degree of forecast in another height, and stacks at another place than branches', () => {
    const bar = (rule: Schedule['legend'][string]) => {
      const [, y, height] = /<g><title>step 1.*?<rect [^>]*y="([\d.]+)"[^>]*height="([\d.]+)"/.exec(
        patternStrip({ name: 'x', schedule: schedule('#a', { a: rule }) }),
      )!;
      return `${y!} ${height!}`;
    };
    const orders = [0, 1, 2, 3, 4];
    const bars = orders.flatMap((order) => [
      bar([{ do: 'reuse', order }]),
      bar([{ do: 'reuse', order, span: [0, 1] }]),
    ]);
    expect(new Set(bars).size).toBe(bars.length);
    expect(bars).not.toContain('0 16'); // as high as a computed step
  });
});
