import { describe, expect, it } from 'vitest';
import { budgetCurvePlot } from './curve.ts';
import { heatMap } from './heat-map.ts';
import { element, text } from './markup.ts';
import { patternStrips, stripKey } from './strips.ts';

const numbersIn = (svg: string, attribute: string) => Array.from(svg.matchAll(new RegExp(`${attribute}="([^"]+)"`, 'g')), ([, value]) => Number(value));

describe('markup', () => {
  it('escapes what comes from outside', () => {
    expect(element('p', { title: '"<&' }, text('<b>&'))).toBe('<p title="&quot;&lt;&amp;">&lt;b&gt;&amp;</p>');
  });
});

describe('budgetCurvePlot', () => {
  it('puts less error lower, and more computed steps further right, within the picture', () => {
    const point = (computed: number, error: number) => ({ name: 'x', computed, error });
    const svg = budgetCurvePlot([{ label: 'found', colour: '--found', line: 'solid', points: [point(8, 1e-3), point(17, 2e-5), point(25, 0)] }], 'latent-error');
    const [x, y] = [numbersIn(svg, 'cx'), numbersIn(svg, 'cy')];
    expect(x).toHaveLength(2); // an error of 0 has no place on a logarithmic scale
    expect(x[1]!).toBeGreaterThan(x[0]!);
    expect(y[1]!).toBeGreaterThan(y[0]!);
    expect(Math.max(...x)).toBeLessThan(920);
    expect(Math.max(...y)).toBeLessThan(420);
  });
});

describe('patternStrips', () => {
  it('has a cell for each step, and says what each letter does', () => {
    const schedule = { version: 1, pattern: '#2+.', legend: { '2': [{ do: 'reuse', order: 2, span: [0, 3] }], '+': [{ do: 'reuse' }, { do: 'refresh', ratio: 0.3, blocks: [2, 3] }] } } as const;
    const html = patternStrips([{ heading: 'one', rows: [{ name: 'found', schedule, score: '1e-5', isFound: true }] }]);
    expect(html.match(/<rect/g)).toHaveLength(4);
    expect(html).toContain('step 1: 2, forecast of order 2 (taylor), the whole stack');
    expect(html).toContain('step 2: +, reused, branch by branch, 30 % of tokens refreshed in blocks 2-3');
    expect(stripKey([schedule]).match(/<li>/g)).toHaveLength(4);
  });
});

describe('heatMap', () => {
  it('paints larger numbers stronger, and leaves out what is none', () => {
    const svg = heatMap({ rows: ['0', '1'], columns: ['1', '2'], values: [[0, 0.25], [1, NaN]], xLabel: 'step', yLabel: 'block', cell: [10, 10] }, 1);
    expect(Array.from(svg.matchAll(/fill-opacity:([\d.]+)/g), ([, value]) => Number(value))).toEqual([0.04, 0.52, 1]);
    expect(svg).toContain('block 1, step 1: 1.00');
  });
});
