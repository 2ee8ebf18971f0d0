import { byName, checkSchedule, type Decoder, diffusionSteps, generate, summarise } from '@procache/core';
import { guidanceOf } from '@procache/model';
import { zooModel } from '@procache/zoo';
import { describe, expect, it } from 'vitest';
import type { AskedSize } from '@procache/pipeline';
import { openPipeline } from './open-pipeline.ts';
import { openTransformer } from './transformer.ts';

const zoo = zooModel('fashion-dit');

describe('openPipeline', () => {
  it('draws what the transformer, steps, plan and guidance draw that it is made of, bit for bit', async () => {
    const pipeline = await openPipeline(zoo.folder);
    const request = {
      conditions: ['bag', 'sneaker'],
      guidance: 1.5,
      schedule: 'fora-3',
      steps: 8,
      seed: 3,
    };
    const previews: number[] = [];
    const { images, latents, records } = await pipeline.generate({
      ...request,
      onStep: async (step) => void previews.push((await step.preview()).length),
    });
    await pipeline.dispose();

    const transformer = await openTransformer(zoo.folder);
    const steps = diffusionSteps(8, transformer.model.defaults);
    const plan = checkSchedule(byName('fora-3', transformer.topology, 8), transformer.topology);
    const guidance = guidanceOf(transformer.model, 1.5);
    const drawn = await generate(transformer, { plan, steps, guidance, conditions: [8, 7], seeds: [3, 4] });
    await transformer.dispose();

    expect(images).toEqual(drawn.latents);
    expect(latents).toEqual(drawn.latents);
    expect(pipeline.decoder?.image).toEqual({ channels: 1, height: 32, width: 32, valueRange: [-1, 1] });
    expect(previews).toEqual(Array.from({ length: 8 }, () => 2 * 32 * 32));
    expect(summarise(records).timeline).toBe('##..#..#');
    expect(records.every(({ milliseconds }) => milliseconds > 0)).toBe(true);
  });

  it('takes a model of the zoo with the advice and the schedules that come with it', async () => {
    const pipeline = await openPipeline(zoo);
    expect(pipeline.name).toBe('fashion-dit');
    expect(pipeline.defaults).toMatchObject({ steps: 50, guidance: 1.5, sampler: 'ddim' });
    const { plan, guidance, steps, conditions } = await pipeline.options({ schedule: 'searched-17' });
    expect(plan.pattern).toHaveLength(50);
    expect(plan.pattern!.replaceAll(/[^#]/g, '')).toHaveLength(17);
    expect([guidance?.scale, steps.count, conditions.length]).toEqual([1.5, 50, 10]);
    await expect(pipeline.generate({ schedule: 'searched-16' })).rejects.toThrow(
      "schedule: there is no schedule 'searched-16'; with fashion-dit ship searched-8, searched-10, searched-17",
    );
    await pipeline.dispose();
  });

  it('draws a size that is asked for, at the nearest that the model was trained on unless told otherwise', async () => {
    const fixtures = new URL('../../conformance/fixtures/pipelines/pixart-tiny-ms', import.meta.url).pathname;
    const sized = async (size: AskedSize) => {
      const pipeline = await openPipeline(fixtures, { size });
      const { height, width } = pipeline.model.latent;
      await pipeline.dispose();
      return [[height, width], pipeline.decoder?.image];
    };
    const image = { channels: 3, height: 96, width: 160 };
    expect(await sized({ height: 96, width: 160 })).toMatchObject([[96, 160], image]);
    expect(await sized({ height: 96, width: 160, binning: false })).toMatchObject([[12, 20], image]);
    await expect(openPipeline(fixtures, { size: { width: 100, binning: false } })).rejects.toThrow(
      'size.width 100: pixart-tiny-ms draws images of a multiple of 16 pixels; use 96 or 112',
    );
    const emoji = await openPipeline(zooModel('emoji-pixart'), { size: { width: 48 } });
    const { images } = await emoji.generate({ conditions: ['noto blue heart'], steps: 1 });
    await emoji.dispose();
    expect(images).toHaveLength(3 * 32 * 48);
  });

  it.each<[string, unknown, object]>([
    ['model: nothing does not say in which folder it lies; pass a path, or what zooModel', zooModel('fashion-dot'), {}],
    ['model: {} does not say in which folder it lies', {}, {}],
    ['openPipeline: unknown key "treads"; did you mean "threads"?', zoo, { treads: 1 }],
    ['size: latentSize says how large images are too', zoo, { size: {}, latentSize: { height: 32, width: 32 } }],
    ['size: unknown key "hight"; did you mean "height"?', zoo, { size: { hight: 1 } }],
  ])('refuses before it opens anything: %s', async (message, model, options) => {
    await expect(openPipeline(model as typeof zoo, options)).rejects.toThrow(message);
  });

  it("takes the options of a transformer, and a decoder of the caller's", async () => {
    const disposed: string[] = [];
    const decoder: Decoder = {
      image: { channels: 1, height: 2, width: 2, valueRange: [0, 1] },
      decode: async (latents) => Float32Array.from({ length: latents.length / 256 }, (_, i) => latents[256 * i]!),
      dispose: async () => void disposed.push('decoder'),
    };
    const pipeline = await openPipeline(zoo, { threads: 1, memory: 'low', decoder });
    const { images, latents } = await pipeline.generate({ conditions: [1], steps: 2 });
    expect(images).toEqual(Float32Array.of(latents[0]!, latents[256]!, latents[512]!, latents[768]!));
    await pipeline.dispose();
    expect(disposed).toEqual(['decoder']);
  });
});
