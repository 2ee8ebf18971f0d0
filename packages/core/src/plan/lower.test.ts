import fc from 'fast-check';
import { describe as suite, expect, it } from 'vitest';
import { chooseTokens, naiveDenoiser, referenceTransformer } from '../reference/index.ts';
import { createSelector } from '../running/selector.ts';
import type { Conditions } from '../running/transformer.ts';
import { withDenoiser } from '../running/with-denoiser.ts';
import type { Action, Policy, Rule, Schedule, SelectorSettings } from '../schedule/schedule.ts';
import { type Branch, branchesOf, type BranchId, type Topology } from '../topology.ts';
import { describe } from './describe.ts';
import { hoist } from './hoist.ts';
import { DEFAULT_SELECTOR, lower, planOf } from './lower.ts';
import { type Plan, programsOf } from './plan.ts';
import { readsOf, writesOf } from './reads-and-writes.ts';

const dit: Topology = { blocks: Array.from({ length: 4 }, () => ['attn', 'mlp']), grid: [2, 2] };
const pixart: Topology = { blocks: Array.from({ length: 3 }, () => ['attn', 'cross-attn', 'mlp']), grid: [2, 2] };
const flux: Topology = {
  blocks: [
    ['img_attn', 'txt_attn', 'img_mlp', 'txt_mlp'],
    ['img_attn', 'txt_attn', 'img_mlp', 'txt_mlp'],
    ['fused'],
    ['fused'],
    ['fused'],
  ],
  grid: [2, 4],
};

interface Case {
  readonly topology: Topology;
  readonly steps: number;
  /** By step and branch. */
  readonly actions: readonly ReadonlyMap<BranchId, Action>[];
}

const forecasts = fc.constantFrom('taylor' as const, 'lagrange' as const);
const reuse = fc.record({
  do: fc.constant('reuse' as const),
  order: fc.integer({ min: 0, max: 3 }),
  forecast: forecasts,
});
const branchAction: fc.Arbitrary<Action> = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Action>({ do: 'compute' }) },
  { weight: 4, arbitrary: reuse },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('refresh' as const), ratio: fc.constantFrom(0, 0.2, 0.25, 0.6, 1) }),
  },
);

interface Span {
  readonly span: readonly [first: number, last: number];
  readonly absolute: boolean;
}

/** The actions of one step: some blocks computed, some reused as spans, some branch by branch. */
function stepActions(topology: Topology, spans: readonly Span[]): fc.Arbitrary<ReadonlyMap<BranchId, Action>> {
  const blocks = branchesOf(topology);
  const perBranch = fc.tuple(...blocks.flat().map(() => branchAction));
  const perBlock = fc.tuple(...blocks.map(() => fc.constantFrom('compute', 'reuse', 'mixed', 'mixed')));
  const taken = fc.subarray([...spans], { minLength: 0 });
  return fc.tuple(perBranch, perBlock, taken, reuse).map(([branchActions, kinds, chosen, blockReuse]) => {
    const actions = new Map<BranchId, Action>();
    blocks.flat().forEach(({ id, block }, i) => {
      const kind = kinds[block]!;
      actions.set(id, kind === 'compute' ? { do: 'compute' } : kind === 'reuse' ? blockReuse : branchActions[i]!);
    });
    let free = 0;
    for (const { span, absolute } of chosen.toSorted((a, b) => a.span[0] - b.span[0])) {
      const [first, last] = span;
      if (first < free) continue;
      for (const { id } of blocks.slice(first, last + 1).flat()) actions.set(id, { ...blockReuse, span, absolute });
      free = last + 1;
    }
    return actions;
  });
}

/**
 * Spans of a topology. No absolute one ends inside another one that is not: its stream would be stored there, and split
 * the run.
 */
function spansOf({ blocks }: Topology): fc.Arbitrary<readonly Span[]> {
  const block = fc.integer({ min: 0, max: blocks.length - 1 });
  const span = fc
    .tuple(block, block, fc.boolean())
    .map(([a, b, absolute]): Span => ({ span: [Math.min(a, b), Math.max(a, b)], absolute }));
  const alone = ({ span: [, end], absolute }: Span, others: readonly Span[]) =>
    !absolute || others.every(({ span: [first, last], absolute: other }) => other || end < first || last <= end);
  return fc.array(span, { maxLength: 4 }).map((all) =>
    all.reduce<Span[]>(
      (kept, next) =>
        [...kept, next].every((one) =>
          alone(
            one,
            [...kept, next].filter((o) => o !== one),
          ),
        )
          ? [...kept, next]
          : kept,
      [],
    ),
  );
}

const casesOf = (topologies: fc.Arbitrary<Topology>): fc.Arbitrary<Case> =>
  fc.record({ topology: topologies, steps: fc.integer({ min: 1, max: 9 }) }).chain(({ topology, steps }) =>
    spansOf(topology).chain((spans) =>
      fc.array(stepActions(topology, spans), { minLength: steps - 1, maxLength: steps - 1 }).map((later) => {
        const first = new Map(
          branchesOf(topology)
            .flat()
            .map(({ id }): [BranchId, Action] => [id, { do: 'compute' }]),
        );
        return { topology, steps, actions: [first, ...later] };
      }),
    ),
  );

const cases = casesOf(fc.constantFrom(dit, pixart, flux));

const policyFrom =
  ({ actions }: Case): Policy =>
  (step: number, branch: Branch) =>
    actions[step]!.get(branch.id)!;

function conditionsFor(steps: number): Conditions {
  return { timesteps: Array.from({ length: steps }, (_, i) => 999 - i * Math.floor(999 / steps)), images: [3, 10] };
}

/** Two images, different at every step. */
function latentAt(step: number, { grid: [rows, columns] }: Topology): Float32Array {
  return Float32Array.from({ length: 2 * 2 * rows * columns }, (_, i) => Math.sin(7 * step + 1.7 * i));
}

function stored(plan: Plan, step: number): number {
  return [...plan.steps[step]!.live.values()].reduce((a, b) => a + b, 0);
}

/** The largest difference of two arrays, relative to what is above 1. */
function difference(actual: Float32Array, expected: Float32Array): number {
  expect(actual.length).toBe(expected.length);
  return actual.reduce(
    (worst, value, i) => Math.max(worst, Math.abs(value - expected[i]!) / Math.max(1, Math.abs(expected[i]!))),
    0,
  );
}

async function compare(example: Case, hoisted: boolean, settings: SelectorSettings = DEFAULT_SELECTOR): Promise<void> {
  const { topology, steps } = example;
  const policy = policyFrom(example);
  const conditions = conditionsFor(steps);
  const lowered = lower(policy, steps, topology, settings);
  const plan = hoisted ? hoist(lowered) : lowered;
  const model = referenceTransformer({ topology });
  const naive = naiveDenoiser({ topology, policy, conditions, score: plan.selector.score });
  const observed = new Map<BranchId, Float32Array>();
  const chosen = createSelector(plan.selector, { grid: topology.grid, images: 2, seed: 0 });
  const selector: typeof chosen = {
    ...chosen,
    observe: (branch, scores) => {
      observed.set(branch, scores);
      chosen.observe(branch, scores);
    },
    within: {
      ...chosen.within!,
      ages: (...asked) => {
        const own = chosen.within!.ages(...asked);
        ages.set(asked[0], own);
        return own;
      },
    },
  };
  const ages = new Map<BranchId, Float64Array>();
  let tokens: Parameters<typeof naive>[2];
  await withDenoiser(
    { transformer: model, plan, hoisted, conditions, selector, onEvaluated: (event) => (tokens = event.tokens) },
    async (denoise) => {
      for (let step = 0; step < steps; step++) {
        observed.clear();
        const latent = latentAt(step, topology);
        const output = await denoise(latent, step);
        const expected = naive(latent, step, tokens);
        expect(difference(output, expected.output)).toBeLessThan(1e-5);
        for (const [branch, scores] of observed)
          expect(difference(scores, expected.scores.get(branch)!)).toBeLessThan(1e-5);
        for (const { branch, by } of plan.steps[step]!.ops.filter((op) => op.op === 'refresh')) {
          if (by === undefined) continue;
          // Chosen in the middle of the step, by what the naive one saw there.
          const own = tokens!.get(branch)!;
          const choice = { count: own.count, ages: ages.get(branch)! };
          expect(own).toEqual(chooseTokens(expected.scores.get(branch)!, choice, settings, topology.grid));
        }
        expect(model.live).toBe(stored(plan, step));
      }
    },
  );
  expect(model.live).toBe(0);
  expect(model.leaked).toBe(0);
}

suite('lower', () => {
  it('gives a plan that equals the naive interpretation of its policy, and stores no more than it says', async () => {
    await fc.assert(
      fc.asyncProperty(cases, (example) => compare(example, false)),
      { numRuns: 500 },
    );
  });

  it('and equals it still where runs add up ahead what later steps fold', async () => {
    await fc.assert(
      fc.asyncProperty(cases, (example) => compare(example, true)),
      { numRuns: 500 },
    );
  });

  it.each([false, true])(
    'and equals it where steps make scores anew and choose tokens by them (hoisted: %s)',
    async (hoisted) => {
      const topology: Topology = { ...pixart, roles: { 'cross-attn': 'cross' } };
      const settings: SelectorSettings = {
        score: 'cross-attention-entropy',
        age: 0.1,
        cells: [1, 2],
        bonus: 0.4,
        paired: true,
      };
      const ofTexts = casesOf(fc.constant(topology));
      await fc.assert(
        fc.asyncProperty(ofTexts, (example) => compare(example, hoisted, settings)),
        { numRuns: 300 },
      );
      const choosing = fc.sample(ofTexts, { numRuns: 100, seed: 1 }).flatMap((example) => {
        const { steps } = lower(policyFrom(example), example.steps, topology, settings);
        return steps.flatMap(({ ops }) => ops.filter((op) => op.op === 'refresh' && op.by !== undefined));
      });
      expect(choosing.length).toBeGreaterThan(20); // so that the property is about something
    },
  );

  it('leaves no two folds and no two runs side by side, and keeps nothing that no later step reads', () => {
    fc.assert(
      fc.property(cases, (example) => {
        const plan = lower(policyFrom(example), example.steps, example.topology);
        plan.steps.forEach(({ ops, live }, step) => {
          ops.forEach((op, i) => expect(['fold', 'run'].includes(op.op) && ops[i + 1]?.op === op.op).toBe(false));
          const later = new Set(plan.steps.slice(step + 1).flatMap(({ ops: rest }) => [...readsOf(rest).keys()]));
          for (const { feature } of writesOf(ops)) expect(later).toContain(feature);
          for (const feature of live.keys()) expect(later).toContain(feature);
        });
      }),
      { numRuns: 300 },
    );
  });

  it('keeps and watches nothing where everything is computed', () => {
    const plan = lower(() => ({ do: 'compute' }), 3, pixart);
    for (const { ops, live } of plan.steps) {
      expect(ops).toEqual([{ op: 'run', first: 0, last: 2, keep: [], watch: [] }]);
      expect(live.size).toBe(0);
    }
    expect(programsOf(plan)).toHaveLength(1);
  });
});

suite('a printed plan', () => {
  const xl: Topology = { blocks: Array.from({ length: 28 }, () => ['attn', 'mlp']), grid: [16, 16] };
  const printed = (pattern: string, legend: Schedule['legend'], topology: Topology) =>
    `\n${describe(planOf({ version: 1, pattern, legend }, topology))}\n`;

  it('of FORA is runs and single folds', () => {
    expect(printed('#..#.', {}, xl)).toBe(`
  0 #  run 0-27 keep 56
  1 .  fold 0.attn..27.mlp (56)
  2 .  fold 0.attn..27.mlp (56)
  3 #  run 0-27 keep 56
  4 .  fold 0.attn..27.mlp (56)
`);
  });

  it('of tokens that a step chooses by its own scores says by which', () => {
    const topology: Topology = { blocks: Array.from({ length: 4 }, () => ['attn', 'cross', 'mlp']), grid: [8, 8] };
    const legend: Schedule['legend'] = {
      '+': [{ do: 'reuse' }, { do: 'refresh', ratio: 0.25, blocks: [3, 3], modules: ['cross', 'mlp'] }],
    };
    const schedule: Schedule = { version: 1, pattern: '#+.+', legend, selector: { score: 'cross-attention-entropy' } };
    expect(`\n${describe(planOf(schedule, topology))}\n`).toBe(`
  0 #  run 0-3 keep 12 watch 2
  1 +  fold 0.attn..3.attn (10)  refresh 3.cross 16 watch 2  fold 3.cross  refresh 3.mlp 16 by 3.cross  fold 3.mlp
  2 .  fold 0.attn..3.mlp (12)
  3 +  fold 0.attn..3.attn (10)  refresh 3.cross 16 watch 3.mlp  fold 3.cross  refresh 3.mlp 16 by 3.cross  fold 3.mlp
`);
  });

  it('of ProCache refreshes deep tokens, and the last run keeps nothing', () => {
    const selective: Rule[] = [{ do: 'reuse' }, { do: 'refresh', ratio: 0.07, blocks: [26, 27], modules: ['mlp'] }];
    expect(printed('#.+.#..#', { '+': selective }, xl)).toBe(`
  0 #  run 0-27 keep 56 watch 2
  1 .  fold 0.attn..27.mlp (56)
  2 +  fold 0.attn..26.attn (53)  refresh 26.mlp 17  fold 26.mlp..27.attn (2)  refresh 27.mlp 17  fold 27.mlp
  3 .  fold 0.attn..27.mlp (56)
  4 #  run 0-27 keep 56
  5 .  fold 0.attn..27.mlp (56)
  6 .  fold 0.attn..27.mlp (56)
  7 #  run 0-27
`);
  });

  it('of PAB computes one module of each block', () => {
    const attention: Rule[] = [{ do: 'compute' }, { do: 'reuse', modules: ['attn'] }];
    expect(
      printed(
        '#aa',
        { a: attention },
        {
          blocks: [
            ['attn', 'mlp'],
            ['attn', 'mlp'],
          ],
          grid: [2, 2],
        },
      ),
    ).toBe(`
  0 #  run 0-1 keep 2
  1 a  fold 0.attn  compute 0.mlp  fold 0.mlp..1.attn (2)  compute 1.mlp  fold 1.mlp
  2 a  fold 0.attn  compute 0.mlp  fold 0.mlp..1.attn (2)  compute 1.mlp  fold 1.mlp
`);
  });

  it('of TaylorSeer sums as many features as there are by then', () => {
    expect(printed('#~##~#', { '~': [{ do: 'reuse', order: 2 }] }, { blocks: [['attn', 'mlp']], grid: [2, 2] })).toBe(`
  0 #  run 0-0 keep 2
  1 ~  fold 0.attn..0.mlp (2)
  2 #  run 0-0 keep 2
  3 #  run 0-0 keep 2
  4 ~  fold 0.attn..0.mlp (2) from 3
  5 #  run 0-0
`);
  });

  it('of DuCa stores the stream, and puts it back', () => {
    const whole: Rule[] = [{ do: 'reuse', span: [0, 3], absolute: true }];
    const selective: Rule[] = [{ do: 'reuse' }, { do: 'refresh', ratio: 0.5, modules: ['mlp'], blocks: [3, 3] }];
    expect(printed('#=+=', { '=': whole, '+': selective }, dit)).toBe(`
  0 #  run 0-3 keep 8 watch 3.mlp  store @3
  1 =  fold @3
  2 +  fold 0.attn..3.attn (7)  refresh 3.mlp 2  fold 3.mlp  store @3
  3 =  fold @3
`);
  });

  it('of absolute spans that end at one block stores one stream, and drops what the stored one replaces', () => {
    const whole: Rule[] = [{ do: 'reuse', span: [0, 3], absolute: true }];
    const deep: Rule[] = [{ do: 'compute' }, { do: 'reuse', span: [2, 3], absolute: true }];
    const both: Rule[] = [{ do: 'reuse' }, { do: 'reuse', span: [2, 3], absolute: true }];
    expect(printed('#=db', { '=': whole, d: deep, b: both }, dit)).toBe(`
  0 #  run 0-3  store @3
  1 =  fold @3
  2 d  run 0-1  fold @3
  3 b  fold @3
`);
  });

  it('of a span keeps one feature', () => {
    const middle: Rule[] = [{ do: 'compute' }, { do: 'reuse', span: [1, 2], order: 1 }];
    expect(printed('##m', { m: middle }, dit)).toBe(`
  0 #  run 0-3 keep 1-2
  1 #  run 0-3 keep 1-2
  2 m  run 0-0  fold 1-2 from 2  run 3-3
`);
  });
});

suite('programsOf', () => {
  const toca: Schedule = {
    version: 1,
    pattern: '#.+.#.+.#.#.',
    legend: { '+': [{ do: 'reuse' }, { do: 'refresh', ratio: 0.5, blocks: [2, 3], modules: ['mlp'] }] },
  };

  it('counts the distinct programs: numbers do not make one', () => {
    const plan = planOf(toca, dit);
    // A run that watches and one that does not, a fold of everything, and a selective step.
    expect(programsOf(plan)).toHaveLength(4);
    expect(programsOf(plan, plan)).toHaveLength(4);
    const fewer = planOf(
      { ...toca, legend: { '+': [{ do: 'reuse' }, { do: 'refresh', ratio: 0.25, blocks: [2, 3], modules: ['mlp'] }] } },
      dit,
    );
    expect(programsOf(plan, fewer)).toHaveLength(4);
  });

  it('tells programs of different scores apart where something is watched', () => {
    const plan = planOf(toca, dit);
    const other = planOf({ ...toca, selector: { score: 'token-norm' } }, dit);
    expect(programsOf(plan, other)).toHaveLength(5);
  });
});

suite('lower refuses', () => {
  const attempt = (pattern: string, legend: Schedule['legend']) => () => planOf({ version: 1, pattern, legend }, dit);

  it('reuse before anything is computed', () => {
    expect(attempt('.#', {})).toThrow(
      'step 0 uses 0.attn before any step has computed it; let an earlier step compute it',
    );
    expect(attempt('s', { s: [{ do: 'reuse', span: [0, 3] }] })).toThrow(
      'step 0 uses 0-3 before any step has computed it',
    );
  });

  it('refresh by score before any step has run the block, and so seen a score', () => {
    const selective: Rule[] = [{ do: 'compute' }, { do: 'refresh', ratio: 0.5, blocks: [3, 3], modules: ['mlp'] }];
    expect(attempt('+#', { '+': selective })).toThrow('step 0 uses 3.mlp before any step has computed it');
  });

  it('a span that no step runs in one go, since a stream is stored inside it', () => {
    const legend: Schedule['legend'] = {
      a: [{ do: 'compute' }, { do: 'reuse', span: [0, 1], absolute: true }],
      s: [{ do: 'reuse', span: [0, 3] }],
    };
    expect(attempt('#as', legend)).toThrow('step 2 uses 0-3 before any step has computed it');
  });

  it('a span that is reused in part', () => {
    const part: Rule[] = [
      { do: 'reuse', span: [0, 2] },
      { do: 'compute', blocks: [3, 3] },
      { do: 'compute', blocks: [1, 1], modules: ['mlp'] },
    ];
    expect(attempt('#p', { p: part })).toThrow(
      'step 1 reuses span [0, 2] at block 0 but not at 1.mlp; a span is reused as a whole',
    );
  });
});
