import { copyFile, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fixture, largestDifference, largestMagnitude, tensorsOf } from '@procache/conformance';
import {
  diffusionSteps,
  doubled,
  generate,
  guided,
  planOf,
  type SamplerName,
  uncached,
  withDenoiser,
} from '@procache/core';
import { type ConfigJson, guidanceOf } from '@procache/model';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTransformer } from './transformer.ts';

// The right latents are those of DiT's own code and of diffusers, for labels 1, 2 and 3, guidance 4 and seeds 0 to 2.

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'procache-'));
});
afterAll(() => rm(folder, { recursive: true }));

interface Drawing {
  readonly steps?: number;
  readonly config?: ConfigJson;
  readonly sampler?: SamplerName;
  readonly noise?: Float32Array;
}

/** What is drawn as the model says that it is to be drawn with. */
async function draw(path: string, { steps = 4, config = {}, sampler, noise }: Drawing = {}): Promise<Float32Array> {
  const transformer = await openTransformer(path, { threads: 1, config });
  const { model, topology } = transformer;
  const plan = planOf(uncached({ steps }), topology);
  const guidance = guidanceOf(model, 4);
  const { latents } = await generate(transformer, {
    plan,
    steps: diffusionSteps(steps, model.defaults),
    conditions: [1, 2, 3],
    guidance,
    sampler,
    noise,
  });
  await transformer.dispose();
  return latents;
}

async function expectLatents(drawn: Float32Array, file: string): Promise<void> {
  const expected = await (await tensorsOf(file)).floats('latents');
  expect(largestDifference(drawn, expected) / largestMagnitude(expected)).toBeLessThanOrEqual(1e-6);
}

it('normalises queries and keys, head by head, as DiT does with qk_norm', async () => {
  const drawn = await draw(fixture('cases/01-tensors-left-unused/qk_norm.safetensors'), { config: { num_heads: 2 } });
  await expectLatents(drawn, 'cases/01-tensors-left-unused/expected.safetensors');
});

it("computes diffusers' activation linear-silu", async () => {
  await expectLatents(await draw(fixture('cases/15-activation-fn')), 'cases/15-activation-fn/expected.safetensors');
});

/**
 * The noise of test/diffusers_dit.py, which printed the numbers that this is compared with: every 97th of the latents.
 */
async function expectNumbers(path: string, config: ConfigJson, expected: readonly number[]): Promise<void> {
  const noise = Float32Array.from({ length: 3 * 4 * 8 * 8 }, (_, i) => 1.4 * Math.sin(0.37 * i ** 2));
  const latents = await draw(path, { config, noise });
  const some = latents.filter((_, i) => i % 97 === 0);
  expect(largestDifference(some, Float32Array.from(expected)) / largestMagnitude(some)).toBeLessThanOrEqual(1e-5);
}

it("computes diffusers' activation gelu, and its epsilon", async () => {
  const numbers = [-1.7822598, -0.2951749, 13.592048, 0.65937552, 2.2697032, -17.304546, -12.48161, 15.171484];
  await expectNumbers(fixture('cases/04-scheduler-config'), { activation_fn: 'gelu', norm_eps: 0.01 }, numbers);
});

it('guides the variance of an original DiT too, where its first three output channels hold some', async () => {
  const drawn = await draw(fixture('cases/17-guided-variance/model.safetensors'), {
    steps: 5,
    config: { num_heads: 2 },
    sampler: 'ddpm',
  });
  await expectLatents(drawn, 'cases/17-guided-variance/expected.safetensors');
});

describe("a pipeline's scheduler", () => {
  const pipelineWith = async (scheduler: string): Promise<string> => {
    const pipeline = join(folder, scheduler);
    await mkdir(pipeline);
    for (const part of ['transformer', 'scheduler', 'model_index.json']) {
      await cp(fixture(`cases/04-scheduler-config/${part}`), join(pipeline, part), { recursive: true });
    }
    const file = 'scheduler_config.json';
    await copyFile(
      fixture(`cases/04-scheduler-config/schedulers/${scheduler}/${file}`),
      join(pipeline, 'scheduler', file),
    );
    return pipeline;
  };

  it.each(['alpha_to_one_false', 'linspace', 'offset1', 'trailing', 'trained_betas'])(
    'draws as diffusers does: %s',
    async (scheduler) => {
      const drawn = await draw(await pipelineWith(scheduler));
      await expectLatents(drawn, `cases/04-scheduler-config/expected-${scheduler}.safetensors`);
    },
  );

  it.each([
    ['clip_sample', [-0.90718501, -0.49194025, 1, 0.40649426, 0.84209429, -0.88203756, -1, 0.79948149]],
    ['zero_snr', [-2.0269379, -0.44152459, 15.182012, 0.76126355, 2.5218728, -19.373666, -14.020536, 16.979611]],
  ])('draws as a transcription of diffusers does: %s', async (scheduler, numbers) => {
    await expectNumbers(await pipelineWith(scheduler), {}, numbers);
  });

  it('of flow matching leads along its noise levels: one Euler step after another', async () => {
    const path = await pipelineWith('flow-match');
    await expect(draw(path)).rejects.toThrow(
      'scheduler_config.json: _class_name is "FlowMatchEulerDiscreteScheduler", but model_index.json: scheduler ' +
        'is "DDIMScheduler"',
    );
    await writeFile(
      join(path, 'model_index.json'),
      JSON.stringify({ scheduler: ['diffusers', 'FlowMatchEulerDiscreteScheduler'] }),
    );
    const shift = 3;
    const scheduler = { _class_name: 'FlowMatchEulerDiscreteScheduler', num_train_timesteps: 1000, shift };
    await writeFile(join(path, 'scheduler', 'scheduler_config.json'), JSON.stringify(scheduler));
    const noise = Float32Array.from({ length: 2 * 4 * 8 * 8 }, (_, i) => 1.4 * Math.sin(0.37 * i ** 2));
    const transformer = await openTransformer(path, { threads: 1 });
    const { model, topology, latent: shape } = transformer;
    const plan = planOf(uncached({ steps: 5 }), topology);
    const steps = diffusionSteps(5, model.defaults);
    const guidance = guidanceOf(model, 4)!;
    const { latents } = await generate(transformer, { plan, steps, conditions: [1, 2], guidance, noise });

    // What diffusers' FlowMatchEulerDiscreteScheduler does in its pipeline, number by number.
    const shifted = (sigma: number) => (shift * sigma) / (1 + (shift - 1) * sigma);
    const least = shifted(0.001);
    const sigmas = [0, 1, 2, 3, 4].map((i) => shifted(1 + (i * (least - 1)) / 4));
    expect(steps.timesteps).toEqual(sigmas.map((sigma) => expect.closeTo(1000 * sigma, 6) as number));
    const conditions = {
      timesteps: sigmas.map((sigma) => 1000 * sigma),
      images: doubled([1, 2], guidance.unconditional),
    };
    const expected = await withDenoiser({ transformer, plan, conditions }, async (denoise) => {
      const guide = guided(denoise, 4, { shape, channels: 4 });
      let x = noise;
      for (const [i, sigma] of sigmas.entries()) {
        const output = await guide(x, i); // velocity and variance of one image, then of the other
        const [size, stride] = [4 * 8 * 8, shape.outChannels * 8 * 8];
        const next = sigmas[i + 1] ?? 0;
        x = x.map((value, k) => value + (next - sigma) * output[Math.floor(k / size) * stride + (k % size)]!);
      }
      return x;
    });
    await transformer.dispose();
    expect(largestDifference(latents, expected) / largestMagnitude(expected)).toBeLessThanOrEqual(1e-6);
  });
});
