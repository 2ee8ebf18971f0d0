import { expect, test } from 'vitest';
import { byName, METHOD_NAMES } from '../methods/by-name.ts';
import type { Topology } from '../topology.ts';
import { describe } from './describe.ts';
import { hoist } from './hoist.ts';
import { planOf } from './lower.ts';
import { planLegend } from './plan-legend.ts';

const topology: Topology = { blocks: Array.from({ length: 28 }, () => ['attn', 'mlp']), grid: [16, 16] };
const planNamed = (name: string) => planOf(byName(name, topology, 50), topology);

test.each([
  ['uncached', 'run a-b: compute blocks a-b'],
  ['fora-3', 'run a-b: compute blocks a-b; keep n: store n features\nfold x..y (n): add n stored features'],
  [
    'procache',
    'run a-b: compute blocks a-b; keep n: store n features; ' +
      'watch n: score n branches\nrefresh b.m n: compute n tokens; fold x..y (n): add n stored features',
  ],
  [
    'taylorseer-3-1',
    'run a-b: compute blocks a-b; keep n: store n features\nfold x..y (n): add n stored features; ' +
      'from k: forecast by the newest k',
  ],
])('%s: says what its plan shows, and nothing else', (name, legend) => {
  expect(planLegend(planNamed(name))).toBe(legend);
});

test('says what every word of every plan means, in lines that fit', () => {
  const modules = planOf(
    { version: 1, pattern: '#a', legend: { a: [{ do: 'reuse' }, { do: 'compute', modules: ['mlp'] }] } },
    topology,
  );
  const names = METHOD_NAMES.map((name) => name.replace('<interval>', '3').replace('<order>', '2'));
  for (const plan of [modules, ...names.map(planNamed), ...names.map((name) => hoist(planNamed(name)))]) {
    const legend = planLegend(plan);
    for (const width of [40, 80, 120])
      for (const line of planLegend(plan, width).split('\n')) expect(line.length).toBeLessThanOrEqual(width);
    expect(planLegend(plan, 1).split('\n')).toEqual(legend.split(/; |\n/));
    for (const word of ['run', 'keep', 'watch', 'ahead', 'compute', 'refresh', 'fold', 'from', 'store']) {
      expect(new RegExp(`(?:^|; )${word} `, 'm').test(legend)).toBe(
        new RegExp(`(?:^| )${word} `, 'm').test(describe(plan)),
      );
    }
  }
});

test('a branch that is computed by itself is computed, not refreshed', () => {
  const plan = planOf(
    {
      version: 1,
      pattern: '#a',
      legend: { a: [{ do: 'reuse' }, { do: 'compute', modules: ['mlp'], blocks: [27, 27] }] },
    },
    topology,
  );
  expect(describe(plan)).toContain('fold 0.attn..27.attn (55)  compute 27.mlp  fold 27.mlp');
  expect(planLegend(plan)).toContain('compute b.m: compute one module');
  expect(planLegend(plan)).not.toContain('refresh');
});
