import { expect, test } from 'vitest';
import { fora } from '../methods/fora.ts';
import { planOf } from '../plan/lower.ts';
import { describeLines } from './describe-lines.ts';
import { letterCosts } from './letter-costs.ts';

const topology = {
  blocks: [
    ['attn', 'mlp'],
    ['attn', 'mlp'],
  ],
  grid: [2, 2],
} as const;
const plan = planOf(fora({ steps: 4, interval: 3 }), topology);

test('steps that do the same are on one line, and lines keep within a width between operations', () => {
  expect(describeLines(plan)).toEqual([
    '      0 #  run 0-1 keep 4',
    '    1-2 .  fold 0.attn..1.mlp (4)',
    '      3 #  run 0-1',
  ]);
  for (const line of describeLines(plan, 40)) expect(line.length).toBeLessThanOrEqual(40);
  expect(() => describeLines(plan, 0)).toThrow('width');
});

test('a letter costs the mean of its steps', () => {
  const model = {
    topology,
    moduleMultiplyAdds: () => 10,
    embedding: 1,
    head: 2,
    conditioning: 0,
    preparation: 5,
    featureBytes: 4,
    weightBytes: 4,
  };
  const costs = letterCosts(plan, model, 3);
  expect(costs.map(({ letter, steps }) => [letter, steps])).toEqual([
    ['#', 2],
    ['.', 2],
  ]);
  expect(costs[0]!.multiplyAdds).toBeGreaterThan(costs[1]!.multiplyAdds);
  expect(costs[0]!.multiplyAdds).toBe(3 * (4 * 10 + 1 + 2));
});
