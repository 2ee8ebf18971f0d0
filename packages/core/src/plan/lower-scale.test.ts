import { describe as suite, expect, test } from 'vitest';
import huge from '../../../conformance/fixtures/cases/29-hostile-numbers-and-depth/schedule.json' with { type: 'json' };
import { MAX_PLANNED, MAX_RULES, MAX_STEPS } from '../limits.ts';
import { uniforms } from '../sampling/random.ts';
import { policyOf } from '../schedule/policy.ts';
import { parseSchedule } from '../schedule/schedule-json.ts';
import { formatSchedule } from '../schedule/schedule-text.ts';
import type { Rule, Schedule } from '../schedule/schedule.ts';
import { scheduleOf } from '../schedule/tabulate.ts';
import type { Topology } from '../topology.ts';
import { costOf } from './cost.ts';
import { describe } from './describe.ts';
import { hoist } from './hoist.ts';
import { lower, planOf } from './lower.ts';
import { type Plan, programsOf } from './plan.ts';
import { checkSchedule } from './schedule-check.ts';
import { transformerCost } from './transformer-cost.ts';

declare const process: { cpuUsage(): { readonly user: number } };

const model = (blocks: number): Topology => ({
  blocks: Array.from({ length: blocks }, () => ['attn', 'mlp']),
  grid: [16, 16],
});
const xl = model(28);

/** Everything that is done with a schedule before the first step. */
function prepare(json: unknown, topology: Topology): Plan {
  const schedule = parseSchedule(json);
  formatSchedule(schedule);
  const plan = checkSchedule(schedule, topology);
  const hoisted = hoist(plan);
  const cost = transformerCost({
    topology,
    hidden: 1152,
    patch: 2,
    channels: 4,
    outChannels: 8,
    modulation: 'per-block',
    weightBytes: 1,
  });
  for (const one of [plan, hoisted]) {
    expect(costOf(one, cost, 2).multiplyAdds).toBeGreaterThan(0);
    expect(describe(one).split('\n')).toHaveLength(schedule.pattern.length);
  }
  programsOf(plan, hoisted);
  return plan;
}

const random = uniforms(1);
const draw = (letters: string, count: number) =>
  Array.from({ length: count }, () => letters[Math.floor(random() * letters.length)]).join('');
const rules = (count: number, rule: (i: number) => Rule) => Array.from({ length: count }, (_, i) => rule(i));
const legendOf = (letters: string, own: (letter: string, i: number) => readonly Rule[]) =>
  Object.fromEntries(Array.from(letters, (letter, i) => [letter, own(letter, i)]));
const ideographs = (count: number) => String.fromCharCode(...Array.from({ length: count }, (_, i) => 0x4e00 + i));
const schedule = (pattern: string, legend: Schedule['legend'] = {}): Schedule => ({ version: 1, pattern, legend });

const largest: readonly (readonly [string, unknown, Topology])[] = [
  ['rules of every kind, drawn at random', huge, xl],
  ['one step computed, all others reused', schedule(`#${'.'.repeat(MAX_STEPS - 1)}`), xl],
  [
    'every other step forecast, each branch by an order of its own',
    schedule('#~'.repeat(2048), {
      '~': [
        { do: 'reuse' },
        ...rules(56, (i) => ({
          do: 'reuse',
          order: i % 11,
          blocks: [i >> 1, i >> 1],
          modules: [i % 2 ? 'attn' : 'mlp'],
        })),
      ],
    }),
    xl,
  ],
  [
    'modules computed in turn',
    schedule(`#${'ab'.repeat(2047)}`, {
      a: [
        { do: 'reuse', order: 10 },
        { do: 'compute', modules: ['attn'] },
      ],
      b: [
        { do: 'reuse', order: 10 },
        { do: 'compute', modules: ['mlp'] },
      ],
    }),
    xl,
  ],
  [
    'every branch refreshed at every step',
    schedule(`#${'+'.repeat(MAX_STEPS - 1)}`, { '+': [{ do: 'refresh', ratio: 0.5 }] }),
    xl,
  ],
  [
    'as many rules as there may be, none of which matches but the first',
    schedule(`#${'a'.repeat(MAX_STEPS - 1)}`, {
      a: [{ do: 'reuse' }, ...rules(MAX_RULES - 1, () => ({ do: 'compute', blocks: [39, 39], modules: ['attn'] }))],
    }),
    model(40),
  ],
  [
    'a letter of its own for each step',
    schedule(
      `#${ideographs(MAX_STEPS - 1)}`,
      legendOf(ideographs(MAX_STEPS - 1), (_, i) => [
        { do: 'reuse' },
        ...rules(6, (k) => ({ do: 'refresh', ratio: i / MAX_STEPS, blocks: [k, k + (i % 20)] })),
      ]),
    ),
    xl,
  ],
  [
    'letters that no step uses',
    schedule(
      `#${draw('#.', MAX_STEPS - 1)}`,
      legendOf(ideographs(20_000), () => [{ do: 'reuse' }]),
    ),
    xl,
  ],
  [
    'spans by the dozen',
    schedule(
      `#${draw('#abcdefg', MAX_STEPS - 1)}`,
      legendOf('abcdefg', (_, k) => [
        { do: 'compute' },
        ...rules(Math.floor(28 / (k + 2)), (i): Rule => ({
          do: 'reuse',
          order: 10,
          span: [i * (k + 2), i * (k + 2) + k + 1],
        })),
      ]),
    ),
    xl,
  ],
  [
    'a model of 1024 branches',
    schedule(`#${draw('#abc', 511)}`, {
      a: [{ do: 'reuse', order: 10 }],
      b: [{ do: 'reuse' }, { do: 'refresh', ratio: 0.3, modules: ['mlp'] }],
      c: [
        { do: 'compute', modules: ['attn'] },
        { do: 'reuse', order: 9, modules: ['mlp'] },
      ],
    }),
    model(512),
  ],
];

suite('the largest schedules that are accepted', () => {
  test.each(largest)('are read, planned, hoisted, costed and described in a moment: %s', (_, json, topology) => {
    const started = process.cpuUsage().user;
    prepare(json, topology);
    // seconds; about 1 to 2 on a machine at rest, 15 and more where it grows with the square
    expect((process.cpuUsage().user - started) / 1e6).toBeLessThan(8);
  });

  test('ask the policy once for each step and branch', () => {
    const all = policyOf(
      schedule(`#${draw('#.a', MAX_STEPS - 1)}`, { a: [{ do: 'compute' }, { do: 'reuse', span: [3, 9] }] }),
    );
    let asked = 0;
    lower((step, branch) => (asked++, all(step, branch)), MAX_STEPS, xl);
    expect(asked).toBe(MAX_STEPS * 56);
    scheduleOf((step, branch) => (asked++, all(step, branch)), MAX_STEPS, xl);
    expect(asked).toBe(2 * MAX_STEPS * 56);
  });

  test('hold no more than grows with their steps', () => {
    const size = (steps: number) => {
      const { steps: planned } = planOf(schedule('#~'.repeat(steps / 2), { '~': [{ do: 'reuse', order: 10 }] }), xl);
      const weights = new Set(
        planned.flatMap(({ ops }) =>
          ops.flatMap((op) => (op.op === 'fold' ? op.terms.map((term) => term.weights) : [])),
        ),
      );
      return [weights.size, new Set(planned.map(({ program }) => program)).size] as const;
    };
    expect(size(4096)[0]).toBeLessThanOrEqual(2048); // one list of weights for the 56 branches of a step
    expect(size(4096)[1]).toBe(size(256)[1]); // and the same programs however many steps
  });
});

suite('larger ones are refused by the name of their limit', () => {
  test.each<[string, () => unknown, string]>([
    [
      'steps times features',
      () => planOf(schedule('#'.repeat(MAX_STEPS)), model(128)),
      `schedule: 4096 steps of 256 branches are 1048576 decisions; the most that are planned are ${MAX_PLANNED}`,
    ],
    [
      'spans',
      () =>
        planOf(schedule(`#${'a'.repeat(4095)}`, { a: rules(100, (i) => ({ do: 'reuse', span: [i, i] })) }), model(100)),
      'schedule: 4096 steps of 200 branches are',
    ],
    [
      'blocks',
      () => planOf(schedule('#'), model(1025)),
      'topology.blocks: has 1025 blocks; the most that are taken are 1024',
    ],
    [
      'branches',
      () => planOf(schedule('#'), model(513)),
      'topology.blocks: has 1026 branches; the most that are taken are 1024',
    ],
    [
      'tokens',
      () => planOf(schedule('#'), { ...xl, grid: [1e9, 1] }),
      'topology.grid[0]: 1000000000 is not an integer between 1 and 4096',
    ],
    [
      'steps of a policy',
      () => lower(() => ({ do: 'compute' }), 1e9, xl),
      'steps: 1000000000 is not an integer between 1 and 4096',
    ],
    [
      'steps that are written down',
      () => scheduleOf(() => ({ do: 'compute' }), 1e9, xl),
      'steps: 1000000000 is not an integer between 1 and 4096',
    ],
    [
      'orders',
      () => lower((step) => (step < 20 ? { do: 'compute' } : { do: 'reuse', order: 11 }), 21, xl),
      'step 20, branch 0.attn: an order of 11 is above 10, the highest that is forecast',
    ],
  ])('%s', (_, make, message) => {
    expect(make).toThrow(expect.objectContaining({ name: 'ProCacheError' }));
    expect(make).toThrow(message);
  });
});
