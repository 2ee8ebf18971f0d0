import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Branch, branchesOf, type Topology } from '../topology.ts';
import { policyOf } from './policy.ts';
import { parseSchedule } from './schedule-json.ts';
import type { Action, Policy } from './schedule.ts';
import { LETTERS, scheduleOf } from './tabulate.ts';

/** What an action means, without filters and without fields that say nothing. */
function meaning(action: Action): unknown {
  if (action.do === 'compute') return 'compute';
  if (action.do === 'refresh') return ['refresh', action.ratio];
  const { order = 0, forecast = 'taylor', span = null, absolute = false } = action;
  return ['reuse', order, order > 0 ? forecast : 'taylor', span, span ? absolute : false];
}

const topologies: readonly Topology[] = [
  { blocks: Array.from({ length: 6 }, () => ['attn', 'mlp']), grid: [2, 2] },
  { blocks: Array.from({ length: 4 }, () => ['attn', 'cross', 'mlp']), grid: [2, 2] },
  { blocks: [['attn', 'mlp'], ['attn', 'mlp'], ['joint'], ['joint'], ['joint', 'mlp'], ['attn', 'mlp']], grid: [2, 2] },
];
const span = fc.constantFrom<[number, number]>([0, 3], [1, 2], [0, 0], [0, 5]);
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Action>({ do: 'compute' }) },
  { weight: 3, arbitrary: fc.constant<Action>({ do: 'reuse' }) },
  fc.constantFrom(0, 0.3, 1).map((ratio): Action => ({ do: 'refresh', ratio })),
  fc
    .record(
      {
        order: fc.nat(2),
        forecast: fc.constantFrom('taylor' as const, 'lagrange' as const),
        span,
        absolute: fc.boolean(),
      },
      { requiredKeys: [] },
    )
    .map((fields): Action => ({ do: 'reuse', ...fields })),
);
/** Policies in which neighbours often agree, so that runs and shared modules occur. */
const cases = fc.constantFrom(...topologies).chain((topology) =>
  fc.integer({ min: 1, max: 12 }).chain((steps) => {
    const branches = topology.blocks.flat().length;
    const row = fc.oneof(
      action.map((one) => new Array<Action>(branches).fill(one)),
      fc.array(action, { minLength: branches, maxLength: branches }),
      fc
        .tuple(action, action, fc.nat(branches))
        .map(([a, b, at]) => Array.from({ length: branches }, (_, i) => (i < at ? a : b))),
    );
    return fc.record({ topology: fc.constant(topology), table: fc.array(row, { minLength: steps, maxLength: steps }) });
  }),
);

test('every policy is written down as it is', () => {
  fc.assert(
    fc.property(cases, ({ topology, table }) => {
      const branches: readonly Branch[] = branchesOf(topology).flat();
      const policy: Policy = (step, { id }) => table[step]![branches.findIndex((branch) => branch.id === id)]!;
      const schedule = parseSchedule(JSON.parse(JSON.stringify(scheduleOf(policy, table.length, topology))));
      const again = policyOf(schedule);
      table.forEach((row, step) =>
        expect(branches.map((branch) => meaning(again(step, branch)))).toEqual(row.map(meaning)),
      );
      expect(scheduleOf(again, table.length, topology)).toEqual(schedule);
    }),
    { numRuns: 400 },
  );
});

test('uses the reserved letters, and says no more than it must', () => {
  const topology: Topology = { blocks: Array.from({ length: 28 }, () => ['attn', 'mlp']), grid: [2, 2] };
  const policy: Policy = (step, { block, module }) => {
    if (step === 0) return { do: 'compute' };
    if (step === 1) return { do: 'reuse', order: 0, forecast: 'lagrange', absolute: false };
    if (step === 2) return block >= 21 && module === 'mlp' ? { do: 'refresh', ratio: 0.3 } : { do: 'reuse' };
    if (step === 3) return { do: 'reuse', span: [0, 27], absolute: true };
    return block === 0 ? { do: 'compute' } : { do: 'reuse', span: [1, 27], absolute: true };
  };
  expect(scheduleOf(policy, 5, topology, { score: 'random' })).toEqual({
    version: 1,
    pattern: '#.abc',
    legend: {
      a: [{ do: 'reuse' }, { do: 'refresh', ratio: 0.3, blocks: [21, 27], modules: ['mlp'] }],
      b: [{ do: 'reuse', span: [0, 27], absolute: true }],
      c: [{ do: 'compute' }, { do: 'reuse', span: [1, 27], absolute: true }],
    },
    selector: { score: 'random' },
  });
});

test('tells more than 400 kinds of step apart, each by one letter', () => {
  expect(new Set(LETTERS).size).toBe(LETTERS.length);
  expect(LETTERS.length).toBeGreaterThan(400);
  expect(LETTERS.normalize('NFC')).toBe(LETTERS);
  const one: Topology = { blocks: [['attn', 'mlp']], grid: [2, 2] };
  const policy: Policy = (step, { module }) =>
    module === 'attn' ? { do: 'reuse' } : { do: 'refresh', ratio: step / 1000 };
  const schedule = scheduleOf(policy, LETTERS.length, one);
  expect(schedule.pattern).toBe(LETTERS);
  expect(policyOf(parseSchedule(schedule))(300, { id: '0.mlp', block: 0, module: 'mlp' })).toMatchObject({
    do: 'refresh',
    ratio: 0.3,
  });
  expect(() => scheduleOf(policy, LETTERS.length + 1, one)).toThrow(
    expect.objectContaining({ code: 'invalid-schedule' }),
  );
});
