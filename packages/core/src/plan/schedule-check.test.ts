import { expect, test } from 'vitest';
import type { Rule, Schedule, SelectorSettings } from '../schedule/schedule.ts';
import type { Topology } from '../topology.ts';
import { planOf } from './lower.ts';
import { checkSchedule } from './schedule-check.ts';

const model: Topology = { blocks: Array.from({ length: 28 }, () => ['attn', 'mlp']), grid: [16, 16] };
const schedule = (
  pattern: string,
  plus: readonly Rule[] = [{ do: 'reuse' }],
  selector?: SelectorSettings,
): Schedule => ({
  version: 1,
  pattern,
  legend: { '+': plus },
  ...(selector && { selector }),
});
const refresh: Rule = { do: 'refresh', ratio: 0.3, blocks: [21, 27], modules: ['mlp'] };
const selective = (selector: SelectorSettings) => schedule('#+', [{ do: 'reuse' }, refresh], selector);

test('gives the plan of a schedule that fits', () => {
  const good = schedule('#.+.', [{ do: 'reuse' }, refresh]);
  expect(checkSchedule(good, model, 4)).toEqual(planOf(good, model));
});

test.each<[Schedule, string]>([
  [
    schedule('#+', [{ do: 'reuse' }, { ...refresh, blocks: [21, 40] }]),
    `schedule.legend["+"][1].blocks: [21, 40] is outside the model's 28 blocks (0-27)`,
  ],
  [
    schedule('##', [{ do: 'reuse', span: [0, 28] }]),
    `schedule.legend["+"][0].span: [0, 28] is outside the model's 28 blocks (0-27)`,
  ],
  [
    schedule('#+', [{ do: 'reuse', modules: ['mpl'] }]),
    'schedule.legend["+"][0].modules: the model has no module "mpl"; did you mean "mlp"? (it has attn, mlp)',
  ],
  [
    schedule('#+', [{ do: 'reuse', modules: ['mlp'] }]),
    `step 1 ('+') says nothing about branch 0.attn; add a rule for it to schedule.legend["+"]`,
  ],
  [schedule('.#'), 'step 0 uses 0.attn before any step has computed it'],
  [
    schedule('#+', [
      { do: 'reuse', span: [0, 27] },
      { do: 'compute', blocks: [3, 3] },
    ]),
    'a span is reused as a whole',
  ],
  [
    selective({ score: 'cross-attention-entropy' }),
    'schedule.selector.score: "cross-attention-entropy" needs a module of cross-attention, ' +
      'and the model has only attn, mlp; use "attention"',
  ],
  [
    selective({ score: 'attention', cells: [3, 4], bonus: 0.5 }),
    `schedule.selector.cells: cells of 3x4 do not tile the model's 16x16 tokens; use divisors, or a bonus of 0`,
  ],
])('refuses case %#', (bad, message) => {
  expect(() => checkSchedule(bad, model)).toThrow(expect.objectContaining({ code: 'invalid-schedule' }));
  expect(() => checkSchedule(bad, model)).toThrow(message);
});

test('names both lengths', () => {
  expect(() => checkSchedule(schedule('#...'), model, 50)).toThrow(
    'the schedule has 4 steps but the sampler takes 50; use as many',
  );
});

test('looks at cells only where they count', () => {
  expect(() => checkSchedule(selective({ score: 'attention', cells: [3, 4], bonus: 0 }), model)).not.toThrow();
  // The default selector's 2x2 cells do not tile 3x3 tokens.
  const odd: Topology = { ...model, grid: [3, 3] };
  expect(() => checkSchedule(schedule('#.'), odd)).not.toThrow();
  expect(() => checkSchedule(schedule('#+', [{ do: 'reuse' }, refresh]), odd)).toThrow('cells of 2x2 do not tile');
});

test('takes a schedule without a legend, as a file may leave it out', () => {
  expect(checkSchedule({ version: 1, pattern: '#.' } as Schedule, model)).toEqual(
    checkSchedule({ version: 1, pattern: '#.', legend: {} }, model),
  );
  expect(() => checkSchedule({ pattern: '#.' } as Schedule, model)).toThrow(
    'schedule.version: nothing is not a version that is read here',
  );
});
