import { byName, checkSchedule, type Decoder, diffusionSteps, generate, trajectoryOf } from '@procache/core';
import { describe, expect, it } from 'vitest';
import { type PipelineParts, pipelineOf } from './pipeline.ts';
import type { GenerateRequest } from './request.ts';
import { countingEncoder, DEFAULTS, knownModel, smallTransformer, SMALL_TEXTS } from './testing/small-models.ts';

function partsOf(parts: Partial<PipelineParts> = {}): PipelineParts {
  return { ...knownModel(), transformer: smallTransformer(), ...parts };
}

describe('a pipeline of classes', () => {
  const pipeline = pipelineOf(partsOf());

  it('draws what core draws with the same plan, steps, guidance and seeds', async () => {
    const request = { conditions: ['boot', 2], guidance: 2, schedule: 'fora-2', steps: 4, seed: 7 };
    const { images, latents, records } = await pipeline.generate(request);
    const model = smallTransformer();
    const drawn = await generate(model, {
      plan: checkSchedule(byName('fora-2', model.topology, 4), model.topology),
      steps: diffusionSteps(4, DEFAULTS),
      conditions: [1, 2],
      guidance: { scale: 2, unconditional: 3, channels: 1 },
      seeds: [7, 8],
    });
    expect(latents).toEqual(drawn.latents);
    expect(images).toBe(latents);
    expect(records).toHaveLength(4);
  });

  it('shows each step, with the images that the model saw', async () => {
    const seen: (readonly [number, Float32Array, Float32Array])[] = [];
    const { latents } = await pipeline.generate({
      conditions: [1],
      steps: 3,
      onStep: async ({ step, clean, preview }) => void seen.push([step, clean, await preview()]),
    });
    expect(seen.map(([step]) => step)).toEqual([0, 1, 2]);
    for (const [, clean, preview] of seen) expect(preview).toEqual(clean);
    expect(seen.at(-1)![1]).toEqual(latents); // DDIM ends at the clean image
  });

  it('gives searches and comparisons what a trajectory takes', async () => {
    const request = { conditions: ['coat'], guidance: 1, steps: 4, seeds: [5] };
    const { plan, ...options } = await pipeline.options(request);
    expect(plan.pattern).toBe('####');
    const trajectory = trajectoryOf(smallTransformer(), options);
    const latents = await trajectory.follow(plan, (denoise) => trajectory.sample(denoise));
    expect(latents).toEqual((await pipeline.generate(request)).latents);
  });

  it('guides away from what is asked for', async () => {
    const { guidance } = await pipeline.options({ conditions: ['bag'], negative: 'coat', guidance: 3 });
    expect(guidance).toEqual({ scale: 3, unconditional: 2, channels: 1 });
  });

  it('times its steps by the clock that it has, and stops by a signal', async () => {
    let time = 0;
    const clocked = pipelineOf(partsOf({ now: () => ++time }));
    const { records } = await clocked.generate({ conditions: [0], steps: 2 });
    expect(records.every(({ milliseconds }) => milliseconds > 0)).toBe(true);
    const signal = {
      throwIfAborted: () => {
        throw new Error('enough');
      },
    };
    await expect(clocked.generate({ conditions: [0], steps: 2, signal })).rejects.toThrow('enough');
  });

  it.each<[string, GenerateRequest]>([
    ['generate: unknown key "shedule"; did you mean "schedule"?', { shedule: 'fora-3' } as GenerateRequest],
    ["conditions: there is no class 'bagg'; nearest first: bag", { conditions: ['bagg'] }],
    ["conditions: label 9 is outside the model's 3 classes; labels are 0 to 2", { conditions: [9] }],
    ['negative: without guidance nothing leads away from it', { negative: 'bag', guidance: 1 }],
    ["negative: there is no class 'bagg'", { negative: 'bagg' }],
    ['seeds: there is a seed too; leave one of the two out', { seed: 1, seeds: [1] }],
    ['there are 1 seeds for 2 conditions', { conditions: [0, 1], seeds: [1], steps: 2 }],
    [
      'the noise has 3 numbers, but 1 images of 1x2x2 take 4',
      { conditions: [0], noise: new Float32Array(3), steps: 2 },
    ],
    ['sde: [] is not an object', { sde: [] as object }],
    ['generate: nothing is not an object', undefined as never],
    ['schedule: null is not an object', { schedule: null as never }],
    ['sampler: 3 is not a non-empty string', { sampler: 3 as never }],
    ['onStep: 5 is not a function; leave it out, or pass one', { onStep: 5 as never }],
    ['now: 5 is not a function', { now: 5 as never }],
    ['signal: 5 has no throwIfAborted; pass an AbortSignal', { signal: 5 as never }],
    ['signal: null has no throwIfAborted', { signal: null as never }],
  ])('refuses before it computes: %s', async (message, request) => {
    await expect(pipeline.generate(request)).rejects.toThrow(message);
  });
});

describe('a pipeline of texts', () => {
  const known = knownModel({ takes: SMALL_TEXTS });

  it('reads all texts at once, the empty one that guidance leads away from among them', async () => {
    const encoder = countingEncoder();
    const pipeline = pipelineOf(partsOf({ ...known, encoder }));
    const { images } = await pipeline.generate({ conditions: ['a cat', 'a cat'], steps: 2, guidance: 2 });
    expect(encoder.asked).toEqual([['a cat', '']]);
    expect(images).toHaveLength(8);
    const { guidance } = await pipeline.options({ conditions: ['a cat'], negative: 'a dog' });
    expect(guidance?.unconditional).toMatchObject({ text: 'a dog' });
  });

  it('leads away from what the model learned for nothing, where it did', async () => {
    const unconditional = { values: new Float32Array(6), tokens: 2 };
    const encoder = countingEncoder();
    const pipeline = pipelineOf(partsOf({ ...knownModel({ takes: { ...SMALL_TEXTS, unconditional } }), encoder }));
    expect((await pipeline.options({ conditions: ['a cat'] })).guidance?.unconditional).toBe(unconditional);
    expect(encoder.asked).toEqual([['a cat']]);
  });

  it.each<[string, GenerateRequest]>([
    ['conditions: small draws from texts, and 1 is none', { conditions: ['a cat', 1] }],
    ['negative: small draws from texts, and 1 is none', { conditions: ['a cat'], negative: 1 }],
    ['schedule: there is no schedule', { conditions: ['a cat'], schedule: 'nothing' }],
    ['sampler: ', { conditions: ['a cat'], sampler: 'nothing' }],
  ])('reads nothing before all is sure: %s', async (message, request) => {
    const encoder = countingEncoder();
    await expect(pipelineOf(partsOf({ ...known, encoder })).generate(request)).rejects.toThrow(message);
    expect(encoder.asked).toEqual([]);
  });
});

describe('a pipeline of latents', () => {
  const known = knownModel({ valueRange: undefined });

  it('decodes with what it is given, images and previews, and disposes of all its parts', async () => {
    const disposed: string[] = [];
    const decoder: Decoder = {
      image: { channels: 3, height: 1, width: 1, valueRange: [0, 255] },
      decode: (latents) => Promise.resolve(new Float32Array((3 * latents.length) / 4).fill(latents.length)),
      dispose: () => Promise.resolve(void disposed.push('decoder')),
    };
    const encoder = { ...countingEncoder(), dispose: () => Promise.resolve(void disposed.push('encoder')) };
    const transformer = { ...partsOf().transformer, dispose: () => Promise.resolve(void disposed.push('transformer')) };
    const pipeline = pipelineOf(partsOf({ ...known, transformer, decoder, encoder }));
    const previews: number[] = [];
    const onStep: GenerateRequest['onStep'] = async ({ preview }) => void previews.push((await preview()).length);
    const { images } = await pipeline.generate({ conditions: [0, 1], steps: 2, onStep });
    expect(images).toEqual(new Float32Array(6).fill(8));
    expect(previews).toEqual([6, 6]);
    await pipeline.dispose();
    expect(disposed.toSorted()).toEqual(['decoder', 'encoder', 'transformer']);
  });

  it('shows steps by what is given for that', async () => {
    const disposed: string[] = [];
    const decoderOf = (name: string, value: number): Decoder => ({
      image: { channels: 1, height: 1, width: 1, valueRange: [0, 1] },
      decode: () => Promise.resolve(Float32Array.of(value)),
      dispose: () => Promise.resolve(void disposed.push(name)),
    });
    const [decoder, preview] = [decoderOf('decoder', 1), decoderOf('preview', 2)];
    const pipeline = pipelineOf(partsOf({ ...known, decoder, preview }));
    const shown: number[] = [];
    const onStep: GenerateRequest['onStep'] = async (step) => void shown.push(...(await step.preview()));
    const { images } = await pipeline.generate({ conditions: [0], steps: 2, onStep });
    expect([...images, ...shown]).toEqual([1, 2, 2]);
    await pipeline.dispose();
    expect(disposed.toSorted()).toEqual(['decoder', 'preview']);
  });

  it('without a decoder says so before anything is computed, and gives latents to who asks for those', async () => {
    const pipeline = pipelineOf(partsOf(known));
    await expect(pipeline.generate({ conditions: [0] })).rejects.toThrow(
      'small draws latents, and nothing here makes images of them; take generateLatents',
    );
    expect((await pipeline.generateLatents({ conditions: [0], steps: 2 })).latents).toHaveLength(4);
  });

  it('says what whoever put it together knows of a decoder and an encoder that are not there', async () => {
    const lacking = { decoder: 'there is no decoder; put one into vae/', encoder: 'there is no encoder; name one' };
    const pipeline = pipelineOf(partsOf({ ...knownModel({ valueRange: undefined, takes: SMALL_TEXTS }), lacking }));
    await expect(pipeline.generate({ conditions: ['a cat'] })).rejects.toThrow(
      'small draws latents, and there is no decoder; put one into vae/',
    );
    await expect(pipeline.generateLatents({ conditions: ['a cat'] })).rejects.toThrow(
      'conditions: small draws from texts, and there is no encoder; name one',
    );
  });
});
