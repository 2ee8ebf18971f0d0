import { describe, expect, it } from 'vitest';
import { type BudgetPlot, budgetPlot, plotKey, type PlotSeries, undrawn } from './budget-plot.ts';

const numbersIn = (svg: string, attribute: string) =>
  Array.from(svg.matchAll(new RegExp(`${attribute}="([^"]+)"`, 'g')), ([, value]) => Number(value));

const series = (own: Partial<PlotSeries>): PlotSeries => ({
  label: 'found',
  colour: '--found',
  mark: 'circle',
  names: 'none',
  points: [],
  ...own,
});
const point = (computed: number, score: number, name = 'x') => ({ name, computed, score });
const plotOf = (...all: readonly PlotSeries[]): BudgetPlot => ({
  series: all,
  score: 'latent-error',
  scale: 'logarithmic',
});

describe('the plot of scores over budgets', () => {
  it('puts less error lower, and more computed steps further right, within the picture', () => {
    for (const svg of budgetPlot(plotOf(series({ points: [point(8, 1e-3), point(17, 2e-5), point(25, 0)] })))) {
      const [x, y] = [numbersIn(svg, 'cx'), numbersIn(svg, 'cy')];
      expect(x).toHaveLength(2); // an error of 0 has no place on a logarithmic scale
      expect(x[1]!).toBeGreaterThan(x[0]!);
      expect(y[1]!).toBeGreaterThan(y[0]!);
      const [, width, height] = /viewBox="0 0 (\d+) (\d+)"/.exec(svg)!;
      expect(Math.max(...x)).toBeLessThan(Number(width));
      expect(Math.max(...y)).toBeLessThan(Number(height));
    }
  });

  it('is drawn for wide pages and for narrow ones, there no wider than a phone', () => {
    const [wide, narrow] = budgetPlot(plotOf(series({ points: [point(8, 1e-3)] })));
    expect(wide).toContain('class="plot wide"');
    expect(narrow).toContain('class="plot narrow"');
    expect(numbersIn(narrow!, ' width')[0]).toBeLessThan(360);
  });

  it('names published methods beside their points, both times', () => {
    const methods = ['procache-published', 'fora-3', 'taylorseer-3-2', 'a-method-with-a-very-long-name-of-its-own'];
    const svgs = budgetPlot(
      plotOf(
        series({ mark: 'square', names: 'all', points: methods.map((name, i) => point(17, 1e-3 + i * 1e-5, name)) }),
      ),
    );
    for (const svg of svgs) {
      const labels = Array.from(svg.matchAll(/<text class="label"[^>]*>([^<]+)</g), ([, label]) => label);
      expect(labels).toEqual(['procache-published', 'fora-3', 'taylorseer-3-2', 'a-method-with-a-very-...']);
    }
  });

  it('has points that the keyboard reaches and that say what they are, and dots that are one picture', () => {
    const found = series({ points: [{ ...point(17, 1.5e-5, 'found, 17'), interval: [1e-5, 2e-5] }] });
    const cloud = series({
      label: 'measured candidates',
      mark: 'dot',
      names: 'cloud',
      points: [point(17, 1e-4), point(17, 2e-5)],
    });
    for (const svg of budgetPlot(plotOf(cloud, found))) {
      expect(svg.match(/tabindex="0"/g)).toHaveLength(1);
      expect(svg).toContain(
        'tabindex="0" role="img" aria-label="found, 17: 17 computed, 1.50e-5, 95 % sure 1.00e-5 to 2.00e-5"',
      );
      expect(svg).toContain('role="img" aria-label="2 measured candidates, 2.00e-5 to 1.00e-4"');
    }
  });

  it('keeps marks of other series at the same number of steps apart', () => {
    const [wide] = budgetPlot(
      plotOf(
        series({ points: [point(17, 1e-3)] }),
        series({ aside: 1, points: [point(17, 1e-3)] }),
        series({ aside: -1, points: [point(17, 1e-3)] }),
      ),
    );
    const x = numbersIn(wide!, 'cx');
    expect([x[1]! - x[0]!, x[0]! - x[2]!]).toEqual([11, 11]);
  });

  it('has a mark of another shape for every series in its key', () => {
    const key = plotKey([
      series({}),
      series({ mark: 'square' }),
      series({ mark: 'triangle' }),
      series({ mark: 'none', line: 'dashed' }),
    ]);
    expect(
      Array.from(key.matchAll(/<svg[^>]*>(.*?)<\/svg>/g), ([, drawn]) =>
        /<(\w+)( d="M0 7H24")?/.exec(drawn!)!.slice(1).join(''),
      ),
    ).toEqual(['circle', 'rect', 'path', 'path d="M0 7H24"']);
  });

  it('counts what has no place, and takes anything else', () => {
    const odd = [point(1, 0), point(2, NaN), point(3, Infinity), point(4, -1), point(5, 1e-300), point(6, 1e300)];
    expect(undrawn(plotOf(series({ points: odd })))).toBe(4);
    expect(undrawn({ ...plotOf(series({ points: odd })), scale: 'linear' })).toBe(2);
    for (const points of [odd, [], [point(5, 0)], [point(5, 7)]]) {
      for (const scale of ['logarithmic', 'linear'] as const) {
        for (const svg of budgetPlot({ ...plotOf(series({ points })), scale }))
          expect(svg).not.toMatch(/NaN|Infinity|undefined/);
      }
    }
  });
});
