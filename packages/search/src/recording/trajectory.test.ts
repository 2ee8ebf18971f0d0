import { diffusionSteps, generate, planOf, type SamplerName, uncached } from '@procache/core';
import { describe, expect, it } from 'vitest';
import { labelOf, smallModel } from '../testing/small-model.ts';
import { trajectoryOf } from './trajectory.ts';

const STEPS = 6;

/** The final latents of one seed, as a search records them and as `generate` draws them. */
async function both(seed: number, sampling: { readonly sampler: SamplerName; readonly eta?: number }): Promise<readonly [searched: Float32Array, drawn: Float32Array]> {
  const steps = diffusionSteps(STEPS);
  const schedule = uncached({ steps: STEPS });
  const trajectory = trajectoryOf(smallModel(), { steps, seeds: [seed, seed + 1], labelOf, ...sampling });
  const searched = await trajectory.follow(schedule, (denoise) => trajectory.sample(denoise));
  const model = smallModel();
  const { latents } = await generate(model, { plan: planOf(schedule, model.topology), steps, labels: [labelOf(seed), labelOf(seed + 1)], seed, ...sampling });
  return [searched, latents];
}

describe('a trajectory', () => {
  const seeds = [0, 5, 2 ** 31 - 1, 2 ** 31, 3_000_000_000, 2 ** 32 + 3_000_000_000, 2 ** 53 - 2];
  it.each(seeds)('of seed %d has the noise that generate has, to begin with and to inject', async (seed) => {
    for (const sampling of [{ sampler: 'ddim' }, { sampler: 'ddim', eta: 0.5 }, { sampler: 'ddpm' }] as const) {
      const [searched, drawn] = await both(seed, sampling);
      expect(searched).toEqual(drawn);
    }
  });

  it('is the same however often it is sampled', async () => {
    const trajectory = trajectoryOf(smallModel(), { steps: diffusionSteps(STEPS), seeds: [3_000_000_000], labelOf, sampler: 'ddpm' });
    const sample = () => trajectory.follow(uncached({ steps: STEPS }), (denoise) => trajectory.sample(denoise));
    expect(await sample()).toEqual(await sample());
  });

  it('stops at the first step whose latent is not finite', async () => {
    const trajectory = trajectoryOf(smallModel(), { steps: diffusionSteps(STEPS), seeds: [1, 2], labelOf });
    const sampled = trajectory.sample((latent, step) => Promise.resolve(step === 2 ? latent.map((_, i) => (i === 0 ? Infinity : 0)) : latent));
    await expect(sampled).rejects.toMatchObject({ code: 'execution-failed', message: expect.stringMatching(/^step 2: the latent that the step led to has 1 of \d+ numbers that are not finite, .* in image 0;/) });
  });
});
