import { planOf, type TextEmbedding, uncached, withDenoiser } from '@procache/core';
import type { ConfigJson, LatentSize } from '@procache/model';
import { expect, it } from 'vitest';
import type { Backend } from './backend.ts';
import { largestDifference, largestMagnitude } from './distance.ts';
import { fixture, tensorsOf, type Tensors } from './fixtures.ts';

/** Evaluations of one of diffusers' PixArts: the model, how it is opened, what is expected and what that is called. */
interface Forward {
  readonly model: string;
  readonly expected: string;
  readonly tensors: Readonly<Record<'latent' | 'timestep' | 'captions' | 'mask' | 'output', string>>;
  readonly config?: ConfigJson;
  readonly size?: LatentSize;
  /** The size of which the model is told for each image, [images, 2]. */
  readonly resolution?: string;
}

const OF_PIPELINE = {
  latent: 'forward.sample',
  timestep: 'forward.timestep',
  captions: 'forward.embeds',
  mask: 'forward.mask',
  output: 'forward.output',
} as const;

const FORWARDS: Readonly<Record<string, Forward>> = {
  'a PixArt without its pipeline': {
    model: 'modules/pixart',
    expected: 'modules/pixart/expected.safetensors',
    tensors: {
      latent: 'input.sample',
      timestep: 'input.timestep',
      captions: 'input.caption',
      mask: 'input.caption_mask',
      output: 'output.sample',
    },
    config: { caption_length: 9 },
  },
  'a PixArt in its pipeline': {
    model: 'pipelines/pixart-tiny/transformer',
    expected: 'pipelines/pixart-tiny/expected.safetensors',
    tensors: OF_PIPELINE,
  },
  'a PixArt that is told the size of its images, which are wider than high': {
    model: 'pipelines/pixart-tiny-ms/transformer',
    expected: 'pipelines/pixart-tiny-ms/expected.safetensors',
    tensors: OF_PIPELINE,
    size: { height: 12, width: 20 },
    resolution: 'forward.resolution',
  },
};

/** One evaluation of each of diffusers' PixArts, each image at a timestep of its own. */
export function describeTextForwards({ open }: Backend): void {
  it.for(Object.entries(FORWARDS))('%s is within 1e-4 of the official output', async ([, forward], { annotate }) => {
    const expected = await tensorsOf(forward.expected);
    const { latent, timestep, captions, mask, output } = forward.tensors;
    const [latents, timesteps, wanted] = await Promise.all(
      [latent, timestep, output].map((name) => expected.floats(name)),
    );
    const texts = await textsOf(expected, captions, mask);
    const told = forward.resolution && (await expected.floats(forward.resolution));
    const ofImage = (values: Float32Array, image: number) =>
      values.slice((image * values.length) / texts.length, ((image + 1) * values.length) / texts.length);
    let error = 0;
    for (const [image, text] of texts.entries()) {
      const config = { ...forward.config, ...(told && { resolution: [...ofImage(told, image)] }) };
      const transformer = await open(fixture(forward.model), config, forward.size);
      const plan = planOf(uncached({ steps: 1 }), transformer.topology);
      const conditions = { timesteps: [timesteps![image]!], images: [text] };
      const got = await withDenoiser({ transformer, plan, conditions }, (denoise) =>
        denoise(ofImage(latents!, image), 0),
      );
      error = Math.max(error, largestDifference(got, ofImage(wanted!, image)));
      await transformer.dispose();
    }
    await annotate(`error ${(error / largestMagnitude(wanted!)).toExponential(2)} of the largest value`);
    expect(error).toBeLessThanOrEqual(1e-4 * largestMagnitude(wanted!));
  });
}

/** The captions of a batch, [images, tokens, width], of whose tokens as many count as the mask has ones. */
async function textsOf(expected: Tensors, captions: string, mask: string): Promise<readonly TextEmbedding[]> {
  const [values, seen] = [await expected.floats(captions), await expected.floats(mask)];
  const [images, tokens] = expected.shape(mask) as [number, number];
  const size = values.length / images;
  return Array.from({ length: images }, (_, image) => {
    const own = seen.subarray(image * tokens, (image + 1) * tokens);
    const count = own.reduce((sum, one) => sum + one, 0);
    expect([...own]).toEqual(Array.from(own, (__, token) => (token < count ? 1 : 0)));
    return { values: values.slice(image * size, (image + 1) * size), tokens: count };
  });
}
