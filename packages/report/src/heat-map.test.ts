import { describe, expect, it } from 'vitest';
import { heatMap, strongest } from './heat-map.ts';

describe('a heat map', () => {
  const map = {
    name: 'change',
    rows: ['0', '1'],
    columns: ['1', '2'],
    values: [
      [0, 0.25],
      [1, NaN],
    ],
    xLabel: 'step',
    yLabel: 'block',
    cell: [10, 10],
  } as const;

  it('paints larger numbers stronger, and leaves out what is none', () => {
    const [svg] = heatMap(map, 1);
    expect(Array.from(svg!.matchAll(/fill-opacity:([\d.]+)/g), ([, value]) => Number(value))).toEqual([0.04, 0.52, 1]);
    expect(svg).toContain('block 1, step 1: 1.00');
    expect(svg).toContain('role="img" aria-label="change: block by step"');
  });

  it('has its numbers as a table too', () => {
    const [, table] = heatMap(map, 1);
    expect(Array.from(table!.matchAll(/<td>([^<]*)</g), ([, cell]) => cell)).toEqual(['0.00', '0.250', '1.00', 'none']);
  });

  it('ends its scale at the 98th percentile of what is finite', () => {
    expect(strongest([Array.from({ length: 100 }, (_, i) => i), [NaN, Infinity, 1e9]])).toBe(98);
    expect(strongest([[NaN]])).toBe(1);
    expect(strongest([[0, 0]])).toBe(1);
  });
});
