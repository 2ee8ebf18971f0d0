import {
  type BranchId,
  type Conditioned,
  type FeatureId,
  planOf,
  type Schedule,
  type StepResult,
} from '@procache/core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Backend, Opened } from './backend.ts';
import { largestDifference, largestMagnitude } from './distance.ts';
import { fixture, tensorsOf } from './fixtures.ts';
import { plainDit, type PlainEvaluation } from './plain-dit.ts';

const LABELS = [3, 7];
const TOKENS = 64;
/** The tokens of each image that the second step refreshes. */
const CHOSEN = [
  [0, 9, 63],
  [5, 6, 7],
] as const;
const REFRESHED: BranchId = '27.mlp';
/** Computes all, then refreshes some tokens of a module, and then that again. */
const SCHEDULE: Schedule = {
  version: 1,
  pattern: '#++',
  legend: {
    '+': [{ do: 'reuse' }, { do: 'refresh', ratio: CHOSEN[0].length / TOKENS, blocks: [27, 27], modules: ['mlp'] }],
  },
};

/** What a backend hands out can be read where it is asked for, and stays as it is until it is released. */
export function describeFeatures({ open }: Backend): void {
  let transformer: Opened;
  let latent: Float32Array;
  let evaluations: readonly PlainEvaluation[];
  let generation: Conditioned<unknown>;
  let computed: StepResult<unknown>;

  beforeAll(async () => {
    transformer = await open(fixture('dit/model.safetensors'), { num_heads: 4, num_classes: 10 });
    const plain = await plainDit(await tensorsOf('dit/model.safetensors'), { heads: 4, grid: [8, 8] });
    const { channels, height, width } = transformer.latent;
    const size = channels * height * width;
    latent = (await (await tensorsOf('dit/noise.safetensors')).floats('noise')).slice(0, LABELS.length * size);
    evaluations = LABELS.map((label, i) => plain(latent.subarray(i * size, (i + 1) * size), 999, label));
  });
  afterAll(() => transformer.dispose());

  const execute = (step: number, features: ReadonlyMap<FeatureId, readonly unknown[]>) => {
    const plan = planOf(SCHEDULE, transformer.topology);
    const tokens = { count: CHOSEN[0].length, indices: Int32Array.from(CHOSEN.flat()) };
    const chosen = new Map(step === 0 ? [] : [[REFRESHED, tokens]]);
    return generation.execute({ step, plan: plan.steps[step]!, latent, features, tokens: chosen });
  };
  beforeEach(async () => {
    const plan = planOf(SCHEDULE, transformer.topology);
    generation = await transformer.condition({ timesteps: [999, 979, 959], images: LABELS }, plan);
    computed = await execute(0, new Map());
  });
  afterEach(() => generation.dispose());

  it('a feature is what its branch made before the gate, of every image', async () => {
    expect(computed.features.size).toBe(2 * 28);
    for (const [id, feature] of computed.features) {
      const wanted = Float32Array.from(evaluations.flatMap(({ features }) => [...features.get(id)!]));
      const values = await generation.read(feature);
      expect(values.length, id).toBe(wanted.length);
      expect(largestDifference(values, wanted), id).toBeLessThanOrEqual(1e-4 * largestMagnitude(wanted));
    }
  });

  it('what is lent stays as it is; what is refreshed differs in the rows of the chosen tokens', async () => {
    const stale = computed.features.get(REFRESHED)!;
    const before = Float32Array.from(await generation.read(stale));
    const { features } = await execute(1, new Map([...computed.features].map(([id, feature]) => [id, [feature]])));
    expect(await generation.read(stale)).toEqual(before);
    const after = await generation.read(features.get(REFRESHED));
    const width = before.length / LABELS.length / TOKENS;
    const changed = new Set<number>();
    after.forEach((value, i) => value !== before[i] && changed.add(Math.floor(i / width)));
    const rows = CHOSEN.flatMap((own, image) => own.map((token) => image * TOKENS + token));
    expect([...changed].sort((a, b) => a - b)).toEqual(rows);
  });

  it('what is released can no longer be read', async () => {
    const feature = computed.features.get('0.attn')!;
    generation.release(feature);
    await expect(generation.read(feature)).rejects.toThrow('after its release');
  });
}
