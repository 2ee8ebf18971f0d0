import { expect, test } from 'vitest';
import { byName } from '../methods/by-name.ts';
import type { Schedule } from '../schedule/schedule.ts';
import type { Topology } from '../topology.ts';
import { costOf } from './cost.ts';
import { planOf } from './lower.ts';
import { transformerCost, type TransformerSizes } from './transformer-cost.ts';

const topology: Topology = { blocks: Array.from({ length: 28 }, () => ['attn', 'mlp']), grid: [16, 16] };
/** DiT-XL/2 at 256x256 pixels. */
const sizes: TransformerSizes = {
  topology,
  hidden: 1152,
  patch: 2,
  channels: 4,
  outChannels: 8,
  modulation: 'per-block',
  weightBytes: 675e6 * 4,
};
const dit = transformerCost(sizes);
const feature = 2 * 256 * 1152 * 4;
const cost = (name: string) => costOf(planOf(byName(name, topology, 50), topology), dit, 2);

test('DiT-XL/2: a computed step of a guided image is 237 G multiply-adds', () => {
  const { steps, multiplyAdds, multiplyAddRatio, peakFeatureBytes, weightBytes } = cost('uncached');
  expect(steps[0]!.multiplyAdds / 1e9).toBeCloseTo(237.2, 1);
  expect(multiplyAdds).toBe(50 * steps[0]!.multiplyAdds);
  expect(multiplyAddRatio).toBe(1);
  expect(peakFeatureBytes).toBe(0);
  expect(weightBytes).toBe(2.7e9);
});

// The published columns: 2.90, 2.77 and 2.32, counted with half the weight for the linear layers of adaLN.
test.each([
  ['procache-published', 2.89],
  ['fora-3', 2.77],
  ['toca-3', 2.32],
])('%s: %f times fewer', (name, ratio) => {
  expect(Math.abs(cost(name).multiplyAddRatio - ratio)).toBeLessThan(0.01);
});

test('features: one per branch for reuse, order + 1 for forecasts, one in all for a span', () => {
  expect(cost('fora-3').peakFeatureBytes).toBe(56 * feature);
  expect((56 * feature) / 1e6).toBeCloseTo(132.1, 1);
  expect(cost('procache-published').steps[0]).toMatchObject({ heldBytes: 56 * feature, peakBytes: 56 * feature });
  expect(cost('taylorseer-3-2').peakFeatureBytes).toBe(3 * 56 * feature);
  expect(cost('taylorseer-lite-3-2').peakFeatureBytes).toBe(3 * feature);
  expect(cost('fora-3').steps.at(-1)).toMatchObject({ heldBytes: 0 });
});

test('a refresh counts its tokens, and holds its patched feature beside the stale one for a moment', () => {
  const schedule: Schedule = {
    version: 1,
    pattern: '#+.',
    legend: { '+': [{ do: 'reuse' }, { do: 'refresh', ratio: 0.25, blocks: [27, 27], modules: ['mlp'] }] },
  };
  const { steps } = costOf(planOf(schedule, topology), dit, 1);
  expect(steps[1]!.multiplyAdds - steps[2]!.multiplyAdds).toBe(64 * 8 * 1152 * 1152);
  expect(steps[1]!.peakBytes).toBe((57 * feature) / 2);
  expect(steps[1]!.heldBytes).toBe((56 * feature) / 2);
});

test('a model that attends to text makes its text keys and values once', () => {
  const pixart: Topology = { ...topology, blocks: topology.blocks.map(() => ['attn', 'cross', 'mlp']) };
  const model = transformerCost({ ...sizes, topology: pixart, modulation: 'shared', textTokens: 120 });
  const { multiplyAdds, steps } = costOf(planOf(byName('uncached', pixart, 20), pixart), model, 1);
  expect(multiplyAdds - 20 * steps[0]!.multiplyAdds).toBe(28 * 2 * 120 * 1152 * 1152);
  expect(steps[0]!.multiplyAdds / 1e9).toBeCloseTo(139.8, 0); // PixArt-alpha 256: 0.14 T multiply-adds
});

test('does not guess the cost of a module it does not know', () => {
  const foreign: Topology = { ...topology, blocks: [['joint']] };
  const plan = planOf(byName('uncached', foreign, 2), foreign);
  expect(() => costOf(plan, transformerCost({ ...sizes, topology: foreign }), 1)).toThrow(
    'the cost of module "joint" of block 0 is not known',
  );
});
