import { describe, expect, it } from 'vitest';
import { ProCacheError } from '../errors.ts';
import { hoist } from '../plan/hoist.ts';
import { lower, planOf } from '../plan/lower.ts';
import type { Op } from '../plan/operations.ts';
import { naiveDenoiser, referenceTransformer } from '../reference/index.ts';
import { policyOf } from '../schedule/policy.ts';
import type { Schedule } from '../schedule/schedule.ts';
import type { Topology } from '../topology.ts';
import { createSelector } from './selector.ts';
import type { Conditions } from './transformer.ts';
import { withDenoiser } from './with-denoiser.ts';

const topology: Topology = { blocks: Array.from({ length: 3 }, () => ['attn', 'mlp']), grid: [4, 4] };
const selective: Schedule = {
  version: 1,
  pattern: '#.+.+#~+',
  legend: {
    '+': [{ do: 'reuse' }, { do: 'refresh', ratio: 0.3, blocks: [1, 2], modules: ['mlp'] }],
    '~': [{ do: 'reuse', order: 2, forecast: 'lagrange' }],
  },
};
const conditions: Conditions = { timesteps: [900, 800, 700, 600, 500, 400, 300, 200], images: [1, 10] };
const latentAt = (step: number) => Float32Array.from({ length: 2 * 2 * 16 }, (_, i) => Math.cos(step + i));

describe('withDenoiser', () => {
  it('is the plain model where everything is computed, bit for bit', async () => {
    const model = referenceTransformer({ topology });
    const plan = planOf({ version: 1, pattern: '########', legend: {} }, topology);
    const naive = naiveDenoiser({ topology, conditions, policy: () => ({ do: 'compute' }) });
    await withDenoiser({ transformer: model, plan, conditions }, async (denoise) => {
      for (let step = 0; step < 8; step++) {
        expect(await denoise(latentAt(step), step)).toEqual(naive(latentAt(step), step).output);
        expect(model.live).toBe(0);
      }
    });
  });

  it('chooses tokens as the selector does that sees the scores of the naive interpretation', async () => {
    const plan = planOf(selective, topology);
    const naive = naiveDenoiser({ topology, conditions, policy: policyOf(selective) });
    const selector = createSelector(plan.selector, { grid: topology.grid, images: 2, seed: 0 });
    const calls = { '#': 0, '+': 0 };
    let since = 0;
    let tokens: Parameters<typeof naive>[2];
    await withDenoiser(
      {
        transformer: referenceTransformer({ topology }),
        plan,
        conditions,
        onEvaluated: (event) => (tokens = event.tokens),
      },
      async (denoise) => {
        for (let step = 0; step < 8; step++) {
          await denoise(latentAt(step), step);
          const { scores } = naive(latentAt(step), step, tokens);
          for (const [branch, score] of scores) selector.observe(branch, score);
          if (selective.pattern[step] === '#') since = calls['+'];
          if (selective.pattern[step] !== '+') continue;
          for (const branch of ['1.mlp', '2.mlp'] as const)
            expect(tokens!.get(branch)).toEqual(selector.select(branch, 4, calls['+'], since));
          calls['+']++;
        }
      },
    );
    expect(calls['+']).toBe(3);
  });

  it('tells what it evaluated', async () => {
    const seen: string[] = [];
    await withDenoiser(
      {
        transformer: referenceTransformer({ topology }),
        plan: planOf(selective, topology),
        conditions,
        onEvaluated: ({ step, letter, tokens }) => seen.push(`${step}${letter!}${tokens.size}`),
      },
      async (denoise) => {
        for (let step = 0; step < 8; step++) await denoise(latentAt(step), step);
      },
    );
    expect(seen).toEqual(['0#0', '1.0', '2+2', '3.0', '4+2', '5#0', '6~0', '7+2']);
  });

  it('draws the tokens of the random score from the seed', async () => {
    const plan = planOf({ ...selective, selector: { score: 'random' } }, topology);
    const generate = (seed: number) =>
      withDenoiser({ transformer: referenceTransformer({ topology }), plan, conditions, seed }, async (denoise) => {
        await denoise(latentAt(0), 0);
        await denoise(latentAt(1), 1);
        return denoise(latentAt(2), 2);
      });
    expect(await generate(1)).toEqual(await generate(1));
    expect(await generate(1)).not.toEqual(await generate(2));
  });

  it('returns what its user returns', async () => {
    const result = await withDenoiser(
      { transformer: referenceTransformer({ topology }), plan: planOf(selective, topology), conditions },
      async () => 7,
    );
    expect(result).toBe(7);
  });

  it('asks nothing of the grid of a model whose plan selects nothing', async () => {
    const odd: Topology = { ...topology, grid: [3, 5] };
    const plan = planOf({ version: 1, pattern: '#.', legend: {} }, odd);
    const denoising = withDenoiser(
      { transformer: referenceTransformer({ topology: odd }), plan, conditions: { ...conditions, timesteps: [2, 1] } },
      (denoise) => denoise(new Float32Array(2 * 2 * 15), 0),
    );
    await expect(denoising).resolves.toHaveLength(2 * 2 * 15);
  });
});

describe('withDenoiser frees everything', () => {
  const plan = hoist(planOf(selective, topology)); // what it follows
  const walk = (
    model: ReturnType<typeof referenceTransformer>,
    options: { signal?: { throwIfAborted(): void }; until?: number } = {},
  ) =>
    withDenoiser({ transformer: model, plan, conditions, signal: options.signal }, async (denoise) => {
      for (let step = 0; step < (options.until ?? 8); step++) await denoise(latentAt(step), step);
    });
  const expectFreed = (model: ReturnType<typeof referenceTransformer>) =>
    expect([model.live, model.leaked]).toEqual([0, 0]);

  it('at the end, and when its user stops half way', async () => {
    for (let until = 0; until <= 8; until++) {
      const model = referenceTransformer({ topology });
      await walk(model, { until });
      expectFreed(model);
    }
  });

  it('after an error in any operation of any step, which says where it was', async () => {
    const places = plan.steps.flatMap(({ ops }, step) => ops.map((op) => ({ step, op })));
    for (const place of places) {
      const onOp = (step: number, op: Op) => {
        if (step === place.step && op === place.op) throw new Error('the device is gone');
      };
      const model = referenceTransformer({ topology, onOp });
      const error = await walk(model).then(
        () => undefined,
        (reason: unknown) => reason as ProCacheError,
      );
      expect(error).toBeInstanceOf(ProCacheError);
      expect(error!.code).toBe('execution-failed');
      expect(error!.message).toBe(`step ${place.step} ('${selective.pattern[place.step]!}'): the device is gone`);
      expect(error!.cause).toBeInstanceOf(Error);
      expectFreed(model);
    }
  });

  it('after an abort before any step', async () => {
    for (let last = 0; last <= 8; last++) {
      let checks = 0;
      const reason = new Error('aborted');
      const signal = {
        throwIfAborted: () => {
          if (checks++ > last) throw reason;
        },
      };
      const model = referenceTransformer({ topology });
      const walking = walk(model, { signal });
      await (last < 8 ? expect(walking).rejects.toBe(reason) : expect(walking).resolves.toBeUndefined());
      expectFreed(model);
    }
  });

  it('conditions nothing when it is aborted beforehand, or its selector does not fit', async () => {
    const model = referenceTransformer({ topology: { ...topology, grid: [3, 5] } });
    let conditioned = 0;
    const counting = {
      ...model,
      condition: (...args: Parameters<typeof model.condition>) => (conditioned++, model.condition(...args)),
    };
    const refreshing = planOf(selective, { ...topology, grid: [3, 5] });
    await expect(withDenoiser({ transformer: counting, plan: refreshing, conditions }, async () => 0)).rejects.toThrow(
      'cells of 2x2 do not tile',
    );
    const aborted = { throwIfAborted: () => expect.unreachable('aborted') };
    await expect(
      withDenoiser({ transformer: counting, plan: refreshing, conditions, signal: aborted }, async () => 0),
    ).rejects.toThrow('aborted');
    expect(conditioned).toBe(0);
  });

  it('refuses a schedule of another length than the sampler takes', async () => {
    const short = lower(() => ({ do: 'compute' }), 5, topology);
    await expect(
      withDenoiser({ transformer: referenceTransformer({ topology }), plan: short, conditions }, async () => 0),
    ).rejects.toThrow(
      'the schedule has 5 steps but the sampler takes 8; use as many sampler steps, or a schedule of that length',
    );
  });
});

describe('the reference transformer', () => {
  const model = referenceTransformer({ topology });
  const plan = planOf({ version: 1, pattern: '#.', legend: {} }, topology);
  const call = { step: 0, plan: plan.steps[0]!, latent: latentAt(0), features: new Map(), tokens: new Map() };

  it('finds a tensor that is released twice, or used after that, or of another generation', async () => {
    const conditioned = await model.condition({ ...conditions, timesteps: [9, 1] }, plan);
    const { features } = await conditioned.execute(call);
    const lent = new Map([...features].map(([id, tensor]) => [id, [tensor]]));
    const next = { ...call, step: 1, plan: plan.steps[1]!, features: lent };
    await expect(conditioned.execute(next)).resolves.toBeDefined();
    await expect(conditioned.execute({ ...next, features: new Map() })).rejects.toThrow('was not lent feature 0.attn');
    const [tensor] = features.values();
    conditioned.release(tensor!);
    expect(() => conditioned.release(tensor!)).toThrow('released twice');
    await expect(conditioned.read(tensor!)).rejects.toThrow('read after its release');
    await expect(conditioned.execute(next)).rejects.toThrow('feature 0.attn was used after its release');
    expect(model.live).toBe(5);
    await conditioned.dispose();
    expect([model.live, model.leaked]).toEqual([0, 5]);
    await expect(conditioned.execute(call)).rejects.toThrow('disposed of');
  });
});
