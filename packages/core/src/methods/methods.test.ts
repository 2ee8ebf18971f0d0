import { describe, expect, test } from 'vitest';
import counts from '../../fixtures/methods/counts.json' with { type: 'json' };
import duca3 from '../../fixtures/methods/duca-3.json' with { type: 'json' };
import fora3 from '../../fixtures/methods/fora-3.json' with { type: 'json' };
import full from '../../fixtures/methods/full.json' with { type: 'json' };
import procacheConstant from '../../fixtures/methods/procache-constant.json' with { type: 'json' };
import procachePublished50 from '../../fixtures/methods/procache-published.json' with { type: 'json' };
import taylorseer32 from '../../fixtures/methods/taylorseer-3-2.json' with { type: 'json' };
import taylorseer44 from '../../fixtures/methods/taylorseer-4-4.json' with { type: 'json' };
import toca3 from '../../fixtures/methods/toca-3.json' with { type: 'json' };
import { DEFAULT_SELECTOR } from '../plan/lower.ts';
import { checkSchedule } from '../plan/schedule-check.ts';
import { policyOf } from '../schedule/policy.ts';
import { parseSchedule } from '../schedule/schedule-json.ts';
import type { Action, Schedule } from '../schedule/schedule.ts';
import { branchesOf, tokensOf, type Topology } from '../topology.ts';
import { byName, METHOD_NAMES } from './by-name.ts';
import { procache, procachePublished } from './procache.ts';
import { tocaRatio } from './toca.ts';

/** The models of the golden data: 28 blocks, 64 tokens. */
const dit: Topology = { blocks: Array.from({ length: 28 }, () => ['attn', 'mlp']), grid: [8, 8] };
const pixart: Topology = { blocks: Array.from({ length: 28 }, () => ['attn', 'cross', 'mlp']), grid: [8, 8] };

/** The sign that the golden data give a block: what it does with its MLP. */
function sign(action: Action): string {
  if (action.do === 'compute') return '#';
  if (action.do === 'refresh') return '+';
  if (action.absolute) return '=';
  return action.order ? '~' : '.';
}

function blocksByStep(schedule: Schedule, topology: Topology): readonly string[] {
  const policy = policyOf(schedule);
  const mlps = branchesOf(topology).map((branches) => branches.find(({ module }) => module === 'mlp')!);
  return Array.from({ length: schedule.pattern.length }, (_, step) =>
    mlps.map((branch) => sign(policy(step, branch))).join(''),
  );
}

/** Tokens per image of every refresh, by `step.block` or `step.block.module`, as the golden data write them down. */
function tokenCounts(
  schedule: Schedule,
  topology: Topology,
  id: (step: number, block: number, module: string) => string,
): Record<string, number> {
  const policy = policyOf(schedule);
  const tokens: Record<string, number> = {};
  for (let step = 0; step < schedule.pattern.length; step++) {
    for (const branch of branchesOf(topology).flat()) {
      const action = policy(step, branch);
      if (action.do === 'refresh')
        tokens[id(step, branch.block, branch.module)] = Math.floor(action.ratio * tokensOf(topology));
    }
  }
  return tokens;
}
const byBlock = (step: number, block: number) => `${step}.${block}`;

describe('the published implementations', () => {
  test.each([
    ['uncached', full],
    ['toca-3', toca3],
    ['taylorseer-3-2', taylorseer32],
    ['taylorseer-4-4', taylorseer44],
    ['procache-published', procachePublished50],
    ['procache', procacheConstant],
  ])('%s does to each block at each step what they do', (name, golden) => {
    expect(blocksByStep(byName(name, dit, 50), dit)).toEqual(golden.blocks_by_step);
  });

  test('duca-3 does to each block at each step what they do, but for what a stored stream replaces', () => {
    expect(blocksByStep(byName('duca-3', dit, 50), dit).map((row) => row.replace('.=', '=='))).toEqual(
      duca3.blocks_by_step,
    );
  });

  test('fora-3 reuses where they refresh no token', () => {
    expect(blocksByStep(byName('fora-3', dit, 50), dit)).toEqual(
      fora3.blocks_by_step.map((row) => row.replaceAll('+', '.')),
    );
  });

  test('toca-3 computes the steps of PixArt that its rule says, and refreshes attention to the text as well', () => {
    const schedule = byName('toca-3', pixart, 20);
    // 3 / 0.8 = 3.75, so the fourth; from there on 3 / 0.88 and less is 3, which block 0 has found out at step 4.
    const rows = blocksByStep(schedule, pixart);
    expect(rows.map((row) => row[0]).join('')).toBe('#+++#+#++#++#++#++#+');
    expect(rows.map((row) => row[1]).join('')).toBe('#+++++#++#++#++#++#+');
    expect(schedule.selector).toEqual(procachePublished({ topology: pixart, steps: 20 }).selector);
    const plan = checkSchedule(schedule, pixart);
    const refreshed = plan.steps[1]!.ops.filter((op) => op.op === 'refresh').slice(0, 2);
    // 0.3 * 1.81 * 1.6 * (0.6, 1.6) of 64 tokens
    expect(refreshed.map(({ branch, tokens, by }) => [branch, tokens, by])).toEqual([
      ['0.cross', 33, undefined],
      ['0.mlp', 64, '0.cross'],
    ]);
    // DuCa skips all blocks at every other step between.
    const { steps } = checkSchedule(byName('duca-3', pixart, 20), pixart);
    expect(steps[2]!.ops).toEqual([{ op: 'fold', terms: [{ feature: '@27', weights: [1] }] }]);
  });

  test.each(['toca-3', 'duca-3', 'procache-published'] as const)('%s refreshes as many tokens', (name) => {
    expect(tokenCounts(byName(name, dit, 50), dit, byBlock)).toEqual(counts[name]);
  });

  test('procache with a constant ratio refreshes as many tokens', () => {
    expect(tokenCounts(procache({ topology: dit, steps: 50, ratio: 0.3 }), dit, byBlock)).toEqual(
      counts['procache-constant'],
    );
  });

  test('procache-published refreshes as many tokens of PixArt', () => {
    const schedule = procachePublished({ topology: pixart, steps: 20 });
    expect(tokenCounts(schedule, pixart, (step, block, module) => `${step}.${block}.${module}`)).toEqual(counts.pixart);
    const rows = blocksByStep(schedule, pixart);
    expect(rows.map((row) => row.at(-1)).join('')).toBe('#.+#.+#.+#.+#.+#.+#.');
    expect(rows.map((row) => row[20]).join('')).toBe('#..#..#..#..#..#..#.');
  });
});

describe('every method', () => {
  /** Every name with each of these pairs of numbers instead of its words. */
  const named = (...numbers: readonly (readonly [interval: number, order: number])[]) =>
    numbers.flatMap(([interval, order]) =>
      METHOD_NAMES.map((name) => name.replace('<interval>', String(interval)).replace('<order>', String(order))),
    );
  const names = [...new Set(named([5, 1], [3, 0], [4, 2]))];
  const forAnySteps = named([3, 2]).filter((name) => !name.startsWith('procache'));

  test.each(names)('%s writes a schedule that reads back and lowers', (name) => {
    const schedule = byName(name, dit, 50);
    expect(parseSchedule(JSON.parse(JSON.stringify(schedule)))).toEqual(schedule);
    expect(checkSchedule(schedule, dit, 50).steps).toHaveLength(50);
    expect(schedule.notes).toHaveProperty('method');
  });

  test.each(['uncached', 'fora-3', 'taylorseer-3-2', 'taylorseer-lite-3-2', 'procache', 'procache-published'])(
    '%s fits a model that attends to text',
    (name) => {
      expect(() => checkSchedule(byName(name, pixart, 20), pixart, 20)).not.toThrow();
    },
  );

  test.each(forAnySteps)('%s fits few steps and a shallow model', (name) => {
    const shallow: Topology = { blocks: [['attn', 'mlp']], grid: [2, 2] };
    for (const steps of [1, 2, 7, 20])
      expect(() => checkSchedule(byName(name, shallow, steps), shallow, steps)).not.toThrow();
  });
});

test('DuCa puts the stored stream in place, and computes block 0 alone where the quirk says so', () => {
  const policy = policyOf(byName('duca-3', dit, 50));
  const [block0, block1] = [branchesOf(dit)[0]![1]!, branchesOf(dit)[1]![1]!];
  expect(policy(2, block1)).toMatchObject({ do: 'reuse', span: [1, 27], absolute: true });
  expect(policy(17, block0)).toMatchObject({ do: 'compute' });
  expect(policy(17, block1)).toMatchObject({ do: 'reuse', span: [1, 27], absolute: true });
  const plan = checkSchedule(byName('duca-3', dit, 50), dit);
  expect(plan.steps[2]!.ops).toEqual([{ op: 'fold', terms: [{ feature: '@27', weights: [1] }] }]);
  expect(plan.steps[17]!.ops).toEqual([
    expect.objectContaining({ op: 'run', first: 0, last: 0 }),
    { op: 'fold', terms: [{ feature: '@27', weights: [1] }] },
  ]);
});

test('TaylorSeer-Lite folds one span', () => {
  const plan = checkSchedule(byName('taylorseer-lite-5-2', dit, 20), dit);
  expect(byName('taylorseer-lite-5-2', dit, 20).pattern).toBe('###~~~~#~~~~#~~~~#~~');
  expect(plan.steps[8]!.ops).toEqual([{ op: 'fold', terms: [expect.objectContaining({ feature: '0-27' })] }]);
});

test('ProCache: the settings of the code and of the paper', () => {
  expect(procachePublished({ topology: dit, steps: 50 }).selector).toEqual(DEFAULT_SELECTOR);
  expect(procachePublished({ topology: pixart, steps: 20 }).selector).toEqual({
    score: 'cross-attention-entropy',
    age: 0.25 / 3,
    cells: [4, 4],
    bonus: 0.4,
    paired: true,
  });
  const ours = procache({ topology: pixart, steps: 8, pattern: '#...#..#', ratio: 0.1 });
  expect(ours).toMatchObject({
    pattern: '#.+.#.+#',
    legend: { '+': [{ do: 'reuse' }, { do: 'refresh', ratio: 0.1, blocks: [21, 27], modules: ['cross', 'mlp'] }] },
    selector: { score: 'value-norm', age: 0, bonus: 0 },
  });
});

test('the published ratio is a function of depth, not of 28 blocks', () => {
  const deep: Topology = { blocks: Array.from({ length: 12 }, () => ['attn', 'mlp']), grid: [8, 8] };
  expect(tocaRatio(0.07, 35, 11, { steps: 50, topology: deep })).toBe(
    tocaRatio(0.07, 35, 27, { steps: 50, topology: dit }),
  );
  expect(blocksByStep(procachePublished({ topology: deep, steps: 50 }), deep)[2]).toBe('.........+++');
});
