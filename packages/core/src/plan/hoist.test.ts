import { describe as suite, expect, it } from 'vitest';
import { procachePublished } from '../methods/procache.ts';
import { taylorseer } from '../methods/taylorseer.ts';
import { referenceTransformer } from '../reference/index.ts';
import { withDenoiser } from '../running/with-denoiser.ts';
import type { Schedule } from '../schedule/schedule.ts';
import type { Topology } from '../topology.ts';
import { costOf } from './cost.ts';
import { describe } from './describe.ts';
import { hoist } from './hoist.ts';
import { planOf } from './lower.ts';
import { programsOf } from './plan.ts';
import { transformerCost } from './transformer-cost.ts';

const small: Topology = { blocks: Array.from({ length: 4 }, () => ['attn', 'mlp']), grid: [4, 4] };
const xl: Topology = { blocks: Array.from({ length: 28 }, () => ['attn', 'mlp']), grid: [16, 16] };
const cost = transformerCost({
  topology: xl,
  hidden: 1152,
  patch: 2,
  channels: 4,
  outChannels: 8,
  modulation: 'per-block',
  weightBytes: 0,
});
const printed = (schedule: Schedule, topology = small) => `\n${describe(hoist(planOf(schedule, topology)))}\n`;

suite('hoist', () => {
  it('has each run add up what the steps after it reuse', () => {
    expect(printed({ version: 1, pattern: '#..#.#', legend: {} })).toBe(`
  0 #  run 0-3 ahead 2
  1 .  fold Σ0.0[0]
  2 .  fold Σ0.0[1]
  3 #  run 0-3 ahead 1
  4 .  fold Σ3.0[0]
  5 #  run 0-3
`);
  });

  it('leaves stored what is patched before it is folded, and what is alone in its fold', () => {
    const legend: Schedule['legend'] = {
      '+': [{ do: 'reuse' }, { do: 'refresh', ratio: 0.5, blocks: [2, 3], modules: ['mlp'] }],
    };
    expect(printed({ version: 1, pattern: '#+.', legend })).toBe(`
  0 #  run 0-3 keep 3 watch 2 ahead 2
  1 +  fold Σ0.0[0]  refresh 2.mlp 8  fold 2.mlp..3.attn (2)  refresh 3.mlp 8  fold 3.mlp
  2 .  fold Σ0.0[1] 2.mlp..3.mlp (2)
`);
  });

  it('splits a forecast among the runs that its features come from', () => {
    expect(printed({ version: 1, pattern: '#.#~', legend: { '~': [{ do: 'reuse', order: 1 }] } })).toBe(`
  0 #  run 0-3 ahead 2
  1 .  fold Σ0.0[0]
  2 #  run 0-3 ahead 1
  3 ~  fold Σ2.0[0] Σ0.0[1]
`);
  });

  it('leaves spans and whole-model reuse alone', () => {
    const plan = planOf({ version: 1, pattern: '#~', legend: { '~': [{ do: 'reuse', span: [0, 3] }] } }, small);
    expect(describe(hoist(plan))).toBe(describe(plan));
  });

  it('prepares at most 64 sums in a run, however long it is reused, and leaves the rest stored', async () => {
    const long = planOf({ version: 1, pattern: `#${'.'.repeat(99)}`, legend: {} }, small);
    const lines = describe(hoist(long)).split('\n');
    expect(lines[0]).toBe('  0 #  run 0-3 keep 8 ahead 64');
    expect(lines.slice(64, 66)).toEqual([' 64 .  fold Σ0.0[63]', ' 65 .  fold 0.attn..3.mlp (8)']);
    expect(
      costOf(hoist(planOf({ version: 1, pattern: `#${'.'.repeat(999)}`, legend: {} }, xl)), cost, 2).peakFeatureBytes,
    ).toBeLessThan(300e6);
    const model = referenceTransformer({ topology: small });
    const conditions = { timesteps: Array.from({ length: 100 }, (_, step) => 999 - step), images: [1] };
    const latent = Float32Array.from({ length: 32 }, (_, i) => Math.sin(i));
    const outputs = (hoisted: boolean) =>
      withDenoiser({ transformer: model, plan: long, conditions, hoisted }, async (denoise) => {
        const all: number[] = [];
        for (let step = 0; step < 100; step++) all.push(...(await denoise(latent, step)));
        return all;
      });
    const [plain, ahead] = [await outputs(false), await outputs(true)];
    plain.forEach((value, i) => expect(ahead[i]).toBeCloseTo(value, 5));
    expect([model.live, model.leaked]).toEqual([0, 0]);
  });

  it('gives the same plan each time, and itself of a hoisted one', () => {
    const plan = planOf({ version: 1, pattern: '#.', legend: {} }, small);
    expect(hoist(plan)).toBe(hoist(plan));
    expect(hoist(hoist(plan))).toBe(hoist(plan));
  });

  it('does not add programs to a schedule', () => {
    const plan = planOf(procachePublished({ topology: xl, steps: 50 }), xl);
    expect(programsOf(hoist(plan)).length).toBeLessThanOrEqual(programsOf(plan).length + 1);
  });

  it('holds a fraction of the features: DiT-XL/2 with guidance', () => {
    const megabytes = (schedule: Schedule) => {
      const plan = planOf(schedule, xl);
      return [plan, hoist(plan)].map((one) => Math.round(costOf(one, cost, 2).peakFeatureBytes / 1e6));
    };
    expect(megabytes(procachePublished({ topology: xl, steps: 50 }))).toEqual([149, 54]);
    expect(megabytes(taylorseer({ steps: 50, interval: 3, order: 2 }))).toEqual([396, 42]);
  });
});
