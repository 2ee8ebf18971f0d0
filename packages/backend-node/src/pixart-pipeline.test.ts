import { readFile } from 'node:fs/promises';
import { fixture, tensorsOf } from '@procache/conformance';
import type { TextEmbedding } from '@procache/core';
import { describe, expect, it } from 'vitest';
import { openPipeline } from './open-pipeline.ts';

/** Of the largest expected value of a step, as the README of the fixtures has it. */
const TOLERANCE = 1e-4;

/** Of pixels from 0 to 1. */
const IMAGE_TOLERANCE = 1e-3;

const PIPELINES = ['pixart-tiny', 'pixart-tiny-ms'];
const SCALES = ['4.5', '1'];

interface Case {
  readonly generated_prompts: readonly number[];
  readonly num_inference_steps: number;
  readonly height: number;
  readonly width: number;
}

const jsonOf = async (name: string): Promise<unknown> => JSON.parse(await readFile(fixture(name), 'utf8'));

/** A fixture of a pipeline: what was asked of it, and what came of that. */
async function fixtureOf(name: string) {
  const expected = await tensorsOf(`pipelines/${name}/expected.safetensors`);
  const asked = (await jsonOf(`pipelines/${name}/case.json`)) as Case;
  const prompts = (await jsonOf(`pipelines/${name}/prompts.json`)) as readonly { readonly prompt: string }[];
  const embedding = async (of: 'text' | 'negative', row: number): Promise<TextEmbedding> => {
    const mask = of === 'text' ? 'text.mask120' : 'negative.mask';
    const [, length] = expected.shape(mask) as [number, number];
    const tokens = (await expected.floats(mask)).slice(row * length, (row + 1) * length).filter((value) => value === 1);
    const values = await expected.floats(`${of}.embeds`);
    const size = values.length / expected.shape(`${of}.embeds`)[0]!;
    return { values: values.slice(row * size, (row + 1) * size), tokens: tokens.length };
  };
  return {
    ...{ expected, embedding },
    folder: fixture(`pipelines/${name}`),
    all: prompts.map(({ prompt }) => prompt),
    prompts: asked.generated_prompts.map((i) => prompts[i]!.prompt),
    embeddings: await Promise.all(asked.generated_prompts.map((row) => embedding('text', row))),
    nothing: await embedding('negative', 0),
    steps: asked.num_inference_steps,
    latentSize: { height: asked.height / 8, width: asked.width / 8 },
  };
}

/** The largest difference of two arrays. */
function worst(actual: Float32Array, expected: Float32Array): number {
  expect(actual).toHaveLength(expected.length);
  return actual.reduce((max, value, i) => Math.max(max, Math.abs(value - expected[i]!)), 0);
}

/** The largest difference of two arrays, as a share of the largest expected value. */
function difference(actual: Float32Array, expected: Float32Array): number {
  return worst(actual, expected) / expected.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
}

/** A value from -1 to 1 as diffusers shows it, from 0 to 1. */
function shown(value: number): number {
  return Math.min(Math.max(value / 2 + 0.5, 0), 1);
}

describe.each(PIPELINES)('%s', (name) => {
  it.each(SCALES)(
    'draws what diffusers draws from the same embeddings and noise, step by step, guided by %s',
    async (scale) => {
      const { expected, folder, embeddings, nothing, steps, latentSize } = await fixtureOf(name);
      const pipeline = await openPipeline(folder, { latentSize, threads: 1 });
      const all = await expected.floats(`g${scale}.latents`);
      const size = all.length / steps;
      const differences: number[] = [];
      const { images } = await pipeline.generate({
        conditions: embeddings,
        ...(scale === '1' ? {} : { negative: nothing }),
        guidance: Number(scale),
        steps,
        noise: await expected.floats('noise'),
        onStep: ({ step, latent }) =>
          void differences.push(difference(latent, all.slice(step * size, (step + 1) * size))),
      });
      await pipeline.dispose();
      expect(differences).toHaveLength(steps);
      expect(Math.max(...differences)).toBeLessThan(TOLERANCE);
      expect(pipeline.decoder!.image).toMatchObject({ channels: 3, valueRange: [-1, 1] });
      expect(worst(images.map(shown), await expected.floats(`g${scale}.image`))).toBeLessThan(IMAGE_TOLERANCE);
    },
  );

  it('reads texts as diffusers does, cut and padded', async () => {
    const { embedding, folder, all } = await fixtureOf(name);
    const pipeline = await openPipeline(folder, { threads: 1 });
    const read = await pipeline.encoder!.encode([...all, '']);
    for (const [row, { values, tokens }] of read.entries()) {
      const wanted = row < all.length ? await embedding('text', row) : await embedding('negative', 0);
      const width = wanted.values.length / 120;
      expect(tokens).toBe(wanted.tokens);
      expect(values).toHaveLength(wanted.values.length);
      const seen = [values, wanted.values].map((each) => each.subarray(0, tokens * width));
      expect(difference(seen[0]!, seen[1]!)).toBeLessThan(TOLERANCE);
    }
    await pipeline.dispose();
  });

  it.each(SCALES)('draws what diffusers draws, from prompts to pictures, guided by %s', async (scale) => {
    const { expected, folder, prompts, steps, latentSize } = await fixtureOf(name);
    const pipeline = await openPipeline(folder, { latentSize, threads: 1 });
    const noise = await expected.floats('noise');
    const { images } = await pipeline.generate({ conditions: prompts, guidance: Number(scale), steps, noise });
    expect(worst(images.map(shown), await expected.floats(`g${scale}.image`))).toBeLessThan(IMAGE_TOLERANCE);
    if (scale !== '1') {
      // The empty text is what diffusers' guidance leads away from, whether or not it is asked for.
      const asked = { conditions: prompts.slice(0, 1), guidance: Number(scale), steps: 2, seed: 1 };
      const own = await pipeline.generateLatents(asked);
      expect((await pipeline.generateLatents({ ...asked, negative: '' })).latents).toEqual(own.latents);
      const away = await pipeline.generateLatents({ ...asked, negative: 'the moon over the old bridge' });
      expect(difference(away.latents, own.latents)).toBeGreaterThan(1e-3);
    }
    await pipeline.dispose();
  });
});
