import { expect, test } from 'vitest';
import type { Topology } from '../topology.ts';
import { byName, isMethod, METHOD_NAMES, type MethodOptions, methodsTaking } from './by-name.ts';

const dit: Topology = { blocks: Array.from({ length: 28 }, () => ['attn', 'mlp']), grid: [8, 8] };
const pixart: Topology = { blocks: Array.from({ length: 28 }, () => ['attn', 'cross', 'mlp']), grid: [8, 8] };

test('reads the numbers of a name', () => {
  expect(byName('fora-5', dit, 12)).toMatchObject({ pattern: '##....#....#', notes: { method: 'FORA', interval: 5 } });
  expect(byName('taylorseer-4-3', dit, 8)).toMatchObject({
    pattern: '##~~~#~~',
    legend: { '~': [{ do: 'reuse', order: 3 }] },
  });
  expect(byName('taylorseer-lite-3-2', dit, 8).notes).toMatchObject({
    method: 'TaylorSeer-Lite',
    interval: 3,
    order: 2,
  });
  expect(byName('procache', dit, 5, { pattern: '#...#', ratio: 0.2 }).pattern).toBe('#.+.#');
  expect(byName('duca-3', dit, 50, { ratio: 0.1 }).notes).toMatchObject({ ratio: 0.1 });
});

test.each<[string, number, object, string]>([
  ['prochache', 50, {}, "there is no method 'prochache'; there are procache, "],
  ['taylorseer-3', 50, {}, "there is no method 'taylorseer-3'; there are taylorseer-<interval>-<order>, "],
  ['for-12', 50, {}, "there is no method 'for-12'; there are fora-<interval>, "],
  ['fora-0', 50, {}, 'interval: 0 is not an integer between 1 and 4096'],
  ['taylorseer-3-11', 50, {}, 'order: 11 is not an integer between 0 and 10'],
  ['uncached', 0, {}, 'steps: 0 is not an integer between 1 and 4096'],
  ['toca-3', 50, { ratio: 1.5 }, 'ratio: 1.5 is not between 0 and 1'],
  [
    'procache-published',
    28,
    {},
    'ProCache has published no schedule of 28 steps for this kind of model, only one of 50; use 50 steps, or the ',
  ],
  [
    'procache',
    28,
    {},
    'ProCache has no pattern of its own for 28 steps, only for 50 and 20; give a pattern of 28 letters',
  ],
  ['procache', 4, { pattern: '#..' }, 'pattern: has 3 letters but there are 4 steps; give one letter per step'],
  ['procache', 4, { pattern: '#.+.' }, "pattern[2]: '+' is neither '#' (compute) nor '.' (reuse)"],
])('refuses %s in %i steps', (name, steps, options, message) => {
  expect(() => byName(name, dit, steps, options)).toThrow(expect.objectContaining({ code: 'invalid-input' }));
  expect(() => byName(name, dit, steps, options)).toThrow(message);
});

test('says for how many steps a method has a schedule of a model that attends to text', () => {
  expect(() => byName('procache-published', pixart, 50)).toThrow('only one of 20');
});

const named = METHOD_NAMES.map((name) => name.replaceAll(/<\w+>/g, '3'));
const options = { pattern: `${'#...'.repeat(12)}##`, ratio: 0.11 } as const;

test.each(named.flatMap((name) => (['pattern', 'ratio'] as const).map((option) => [name, option] as const)))(
  '%s with %s is changed by it, or refuses it',
  (name, option) => {
    const given: MethodOptions = { [option]: options[option] };
    const takes = methodsTaking(option).some((taking) => taking.replaceAll(/<\w+>/g, '3') === name);
    if (takes) expect(byName(name, dit, 50, given)).not.toEqual(byName(name, dit, 50));
    else
      expect(() => byName(name, dit, 50, given)).toThrow(
        `${option} belongs to the methods ${methodsTaking(option).join(', ')}; leave it out for ${name}`,
      );
  },
);

test('knows a method from a name that is none', () => {
  expect(named.filter(isMethod)).toEqual(named);
  expect(['fora', 'fora-', 'fora-3-1', 'searched-17', '', '../fora-3', 'FORA-3'].filter(isMethod)).toEqual([]);
});
