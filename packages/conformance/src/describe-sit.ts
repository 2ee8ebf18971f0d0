import {
  type Denoiser,
  type DiffusionSteps,
  diffusionSteps,
  fora,
  generate,
  guided,
  planOf,
  type SamplerName,
  type Schedule,
  uncached,
  withDenoiser,
} from '@procache/core';
import { type ConfigJson, guidanceOf } from '@procache/model';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backend, Opened } from './backend.ts';
import { largestDifference, largestMagnitude } from './distance.ts';
import { fixture, tensorsOf, type Tensors } from './fixtures.ts';

const CONFIG: ConfigJson = { family: 'sit', num_classes: 10 };
const GUIDANCE = 1.5;
/** Of the largest magnitude of what is right. */
const TOLERANCE = 1e-4;

/** SiT: one evaluation, and the way from noise to image, as its own code computes them. */
export function describeSit({ open }: Backend): void {
  describe.each(['learn-sigma', 'no-sigma'])('%s', (name) => {
    let transformer: Opened;
    let expected: Tensors;
    beforeAll(async () => {
      transformer = await open(fixture(`sit/${name}/model.safetensors`), CONFIG);
      expected = await tensorsOf(`sit/${name}/expected.safetensors`);
    });
    afterAll(() => transformer.dispose());

    const expectClose = (got: Float32Array, wanted: Float32Array) =>
      expect(largestDifference(got, wanted)).toBeLessThanOrEqual(TOLERANCE * largestMagnitude(wanted));

    /** What one evaluation says of images of these labels at one time. */
    const evaluated = (time: number, images: readonly number[], use: (denoise: Denoiser) => Promise<Float32Array>) => {
      const plan = planOf(uncached({ steps: 1 }), transformer.topology);
      return withDenoiser({ transformer, plan, conditions: { timesteps: [time], images } }, use);
    };

    it('one evaluation is within 1e-4 of the official output', async () => {
      const [latent, times, labels, wanted] = await Promise.all(
        ['input.sample', 'input.timestep', 'input.class_labels', 'output.sample'].map((tensor) =>
          expected.floats(tensor),
        ),
      );
      const size = latent!.length / times!.length;
      const output = new Float32Array(wanted!.length);
      for (const [image, time] of times!.entries()) {
        const own = latent!.slice(image * size, (image + 1) * size);
        output.set(await evaluated(time, [labels![image]!], (denoise) => denoise(own, 0)), image * size);
      }
      expectClose(output, wanted!);
    });

    it('guidance acts on the channels that it acts on there', async () => {
      const [noise, labels] = [await expected.floats('cfg.noise'), await expected.floats('cfg.labels')];
      const { unconditional, channels } = guidanceOf(transformer.model, GUIDANCE)!;
      const images = [...labels, ...Array.from(labels, () => unconditional as number)];
      const output = await evaluated(0.5, images, (denoise) =>
        guided(denoise, GUIDANCE, { shape: transformer.latent, channels })(noise, 0),
      );
      expectClose(output, await expected.floats('cfg.output_t0.5'));
    });

    /** The latent after each step. */
    const drawn = async (schedule: Schedule, steps: DiffusionSteps) => {
      const latents: Float32Array[] = [];
      await generate(transformer, {
        plan: planOf(schedule, transformer.topology),
        steps,
        conditions: Array.from(await expected.floats('cfg.labels')),
        guidance: guidanceOf(transformer.model, GUIDANCE),
        noise: await expected.floats('cfg.noise'),
        onStep: ({ latent }) => void latents.push(latent),
      });
      return latents;
    };

    it.each([
      ['Euler, 19 updates', 'ode_euler', 'euler', 19],
      ['Euler, 20 updates', 'ode_euler21', 'euler', 20],
      ['Heun, 9 updates of two evaluations', 'ode_heun', 'heun', 18],
    ] as const)('%s: the official latent after each', async (_, tensor, sampler: SamplerName, evaluations) => {
      const steps = diffusionSteps(evaluations, { ...transformer.model.defaults, sampler });
      const latents = await drawn(uncached({ steps: evaluations }), steps);
      const wanted = await expected.floats(`${tensor}.trajectory`);
      const updates = sampler === 'heun' ? latents.filter((__, step) => step % 2 === 1) : latents;
      expect(updates.length * updates[0]!.length).toBe(wanted.length);
      for (const [i, latent] of updates.entries())
        expectClose(latent, wanted.slice(i * latent.length, (i + 1) * latent.length));
    });

    it('a cached run differs from the uncached one, and is the same every time', async () => {
      const steps = diffusionSteps(20, transformer.model.defaults);
      const schedule = fora({ steps: 20, interval: 2 });
      const [plain, cached, again] = [
        await drawn(uncached({ steps: 20 }), steps),
        await drawn(schedule, steps),
        await drawn(schedule, steps),
      ];
      expect(again.at(-1)).toEqual(cached.at(-1));
      const difference = largestDifference(cached.at(-1)!, plain.at(-1)!) / largestMagnitude(plain.at(-1)!);
      expect(difference).toBeGreaterThan(1e-4);
      expect(difference).toBeLessThan(0.5);
    });
  });
}
