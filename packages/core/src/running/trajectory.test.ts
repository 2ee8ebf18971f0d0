import { describe, expect, it } from 'vitest';
import { uncached } from '../methods/uncached.ts';
import { planOf } from '../plan/lower.ts';
import { referenceTransformer } from '../reference/index.ts';
import { diffusionSteps } from '../sampling/diffusion.ts';
import type { SamplerName } from '../sampling/samplers/settings.ts';
import { generate } from './generate.ts';
import { trajectoryOf } from './trajectory.ts';

const STEPS = 6;
const topology = { blocks: [['attn', 'mlp']], grid: [2, 2] } as const;
const model = referenceTransformer({ topology, width: 4, channels: 2, seed: 5 });
const steps = diffusionSteps(STEPS);
const plan = planOf(uncached({ steps: STEPS }), topology);

describe('a trajectory', () => {
  const seeds = [0, 5, 2 ** 31 - 1, 2 ** 31, 3_000_000_000, 2 ** 32 + 3_000_000_000, 2 ** 53 - 2, 2n ** 64n - 2n];
  const samplings: readonly { readonly sampler: SamplerName; readonly eta?: number }[] = [
    { sampler: 'ddim' },
    { sampler: 'ddim', eta: 0.5 },
    { sampler: 'ddpm' },
  ];
  it.each(seeds)('of seed %s is that of generate, and the same however often it is taken', async (seed) => {
    const next = typeof seed === 'bigint' ? seed + 1n : seed + 1;
    for (const sampling of samplings) {
      const options = { steps, seeds: [seed, next], conditions: [1, 2], ...sampling };
      const trajectory = trajectoryOf(model, options);
      const sampled = () => trajectory.follow(plan, (denoise) => trajectory.sample(denoise));
      const first = await sampled();
      expect(await sampled()).toEqual(first);
      expect(first).toEqual((await generate(model, { ...options, plan })).latents);
      expect(first.every(Number.isFinite)).toBe(true);
    }
  });

  it('gives an image the same noise whatever the others are', async () => {
    const drawn = async (own: readonly number[]) =>
      (await generate(model, { plan, steps, seeds: own, conditions: own.map(() => 1), sampler: 'ddpm' })).latents;
    const [both, one] = [await drawn([7, 99]), await drawn([99])];
    expect(both.slice(one.length)).toEqual(one);
  });

  it('leads each image away from its own "nothing", where there is one for each', async () => {
    const drawn = async (conditions: readonly number[], seeds: readonly number[], unconditional: number | number[]) =>
      (await generate(model, { plan, steps, conditions, seeds, guidance: { scale: 3, unconditional, channels: 2 } }))
        .latents;
    const [one, two] = [await drawn([1], [5], 3), await drawn([2], [6], 4)];
    expect(await drawn([1, 2], [5, 6], [3, 4])).toEqual(Float32Array.from([...one, ...two]));
    expect(await drawn([1, 2], [5, 6], 3)).not.toEqual(await drawn([1, 2], [5, 6], [3, 4]));
    await expect(drawn([1, 2], [5, 6], [3])).rejects.toThrow(
      'guidance.unconditional: has 1 of them for 2 images; pass one for each image, or one for all',
    );
    await expect(drawn([1], [5], [-1])).rejects.toThrow('guidance.unconditional[0]: -1');
  });

  it('begins with the seeds 0, 1, 2 and so on where none are given, and needs one for each image', async () => {
    const given = await generate(model, { plan, steps, conditions: [1, 2], seeds: [0, 1] });
    expect((await generate(model, { plan, steps, conditions: [1, 2] })).latents).toEqual(given.latents);
    expect(() => trajectoryOf(model, { steps, conditions: [1, 2], seeds: [1] })).toThrow(
      'there are 1 seeds for 2 conditions; pass one seed for each image',
    );
  });

  it('stops at the first step whose latent is not finite', async () => {
    const trajectory = trajectoryOf(model, { steps, seeds: [1, 2], conditions: [1, 2] });
    const spoilt = (latent: Float32Array) => latent.map((_, i) => (i === 0 ? Infinity : 0));
    const sampled = trajectory.sample((latent, step) => Promise.resolve(step === 2 ? spoilt(latent) : latent));
    await expect(sampled).rejects.toMatchObject({
      code: 'execution-failed',
      message: expect.stringMatching(
        /^step 2: the latent that the step led to has 1 of \d+ numbers that are not finite, .* in image 0;/,
      ),
    });
  });

  it('hands out the clean image that the model saw at each step', async () => {
    const seen: Float32Array[] = [];
    const { latents } = await generate(model, {
      plan,
      steps,
      conditions: [1],
      onStep: ({ clean }) => void seen.push(clean),
    });
    expect(seen).toHaveLength(STEPS);
    seen.at(-1)!.forEach((value, i) => expect(value).toBeCloseTo(latents[i]!, 5)); // the last step leads there
  });
});
