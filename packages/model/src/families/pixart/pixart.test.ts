/// <reference types="node" />
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { bytesSource } from '../../checkpoint/byte-source.ts';
import type { Checkpoint } from '../../checkpoint/checkpoint.ts';
import { openCheckpoint } from '../../checkpoint/open-checkpoint.ts';
import { readFloats } from '../../checkpoint/read-floats.ts';
import { writeSafetensors } from '../../checkpoint/safetensors-writer.ts';
import type { ConfigJson } from '../../config/fields.ts';
import { ModelConfig } from '../../config/model-config.ts';
import { nothingOf } from '../../guidance.ts';
import type { TransformerModel } from '../../model.ts';
import { openModel } from '../../open-model.ts';
import { interpret } from '../../testing/onnx-interpreter.ts';
import { tensor } from '../../testing/plain-tensor.ts';
import { diffusersPixArt, originalPixArt } from '../../testing/tiny-pixart.ts';
import type { FloatTensors } from '../../testing/tiny-text.ts';
import { counts, dictionary, pickledTensor, pickledText, saved, storage } from '../../testing/torch-file.ts';
import type { LatentSize } from '../family.ts';

const checkpointOf = (tensors: FloatTensors): Promise<Checkpoint> =>
  openCheckpoint(bytesSource('model.safetensors', writeSafetensors(tensors)));

const HEADS = { num_attention_heads: 2 };

async function opened(tensors: FloatTensors, config: ConfigJson | ModelConfig, size?: LatentSize) {
  return openModel(await checkpointOf(tensors), config, undefined, size);
}

/** The plain model's output for made-up latents and captions of `tokens`, at two timesteps. */
async function outputOf(model: TransformerModel): Promise<readonly number[]> {
  const { latent, takes } = model;
  if (takes.kind !== 'texts') throw new Error('a PixArt takes texts');
  const images = 2;
  const wave = (count: number, pace: number) => Float32Array.from({ length: count }, (_, i) => Math.sin(pace * i));
  const size = latent.channels * latent.height * latent.width;
  const texts = [0, 1].map((i) => ({ values: wave(takes.tokens * takes.width, 1.3 + i), tokens: 3 - i }));
  const inputs = { ...model.modulationRows([999, 20.5], texts.slice(0, 1)).inputs, ...model.contextInputs(texts) };
  const padding = texts.flatMap(({ tokens }) =>
    Array.from({ length: takes.tokens }, (_, token) => (token < tokens ? 0 : -10_000)),
  );
  const run = await interpret(model.plainGraph());
  const { output } = run({
    latent: tensor([images, latent.channels, latent.height, latent.width], wave(images * size, 0.7)),
    padding: tensor([images, 1, 1, takes.tokens], padding),
    ...Object.fromEntries(
      Object.entries(inputs).map(([name, { shape, data }]) => [name, tensor(shape, Array.from(data, Number))]),
    ),
  });
  return [...output!.data];
}

describe('openModel, of a PixArt', () => {
  it.each([
    ['for images of 256 pixels', false, 32],
    ['for images of 512 pixels', false, 64],
    ['for images of 1024 pixels, which is told their size', true, 128],
  ])('computes under the original names what it computes under those of diffusers: %s', async (_, seesSize, side) => {
    const tensors = await diffusersPixArt(side, { seesSize });
    const size = { height: 4, width: 6 };
    const ofDiffusers = await opened(tensors, { ...HEADS, sample_size: side, caption_length: 5 }, size);
    const original = await opened(originalPixArt(tensors, side), HEADS, size);
    expect([ofDiffusers.flavour, original.flavour]).toEqual(['diffusers', 'original']);
    expect(await outputOf(original)).toEqual(await outputOf(ofDiffusers));
    expect(original.parameters).toBe(ofDiffusers.parameters + 5 * 6); // the learned caption
    const whole = await opened(originalPixArt(tensors, side), HEADS);
    expect(whole.latent).toEqual({ channels: 4, outChannels: 8, height: side, width: side });
    expect(whole.topology.grid).toEqual([side / 2, side / 2]);
    expect(whole.topology.blocks).toEqual([
      ['attn', 'cross', 'mlp'],
      ['attn', 'cross', 'mlp'],
    ]);
  });

  it('has no gate for attention to text, and the keys and values of captions as contexts', async () => {
    const model = await opened(await diffusersPixArt(1), { ...HEADS, sample_size: 8, caption_length: 5 });
    expect((['1.attn', '1.cross', '1.mlp'] as const).map((branch) => model.gateOf(branch))).toEqual([8, undefined, 11]);
    expect(model.contexts.map(({ name }) => name)).toEqual([
      '0.cross keys',
      '0.cross values',
      '1.cross keys',
      '1.cross values',
    ]);
  });

  it('reads the file that training writes: tensors under state_dict, beside others', async () => {
    const tensors = originalPixArt(await diffusersPixArt(3, { seesSize: true }), 8);
    const pickled = Object.fromEntries(
      [...tensors].map(([name, { shape, data }], i) => {
        const strides = shape.map((__, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
        return [name, pickledTensor(storage(`${i}`, data.length), 0, shape, strides)];
      }),
    );
    const file = saved(
      dictionary({ epoch: counts([1]), arch: pickledText('PixArtMS'), state_dict: dictionary(pickled) }),
      {
        storages: Object.fromEntries([...tensors.values()].map(({ data }, i) => [`${i}`, data])),
        name: 'PixArt-XL-2-1024-MS.pth',
      },
    );
    const model = await openModel(await openCheckpoint(file), HEADS);
    expect(await outputOf(model)).toEqual(await outputOf(await opened(tensors, HEADS)));
  });

  it('takes from the file what stands for nothing, and shows as much of it as an image has caption', async () => {
    const tensors = originalPixArt(await diffusersPixArt(4), 8);
    const { takes } = await opened(tensors, HEADS);
    const values = tensors.get('y_embedder.y_embedding')!.data;
    expect(takes).toEqual({
      kind: 'texts',
      tokens: 5,
      width: 6,
      unconditional: { values, tokens: 5 },
      nothingLength: 'text',
    });
    if (takes.kind !== 'texts') return;
    const captions = [2, 4].map((tokens) => ({ values: new Float32Array(30), tokens }));
    expect(nothingOf(takes, takes.unconditional!, captions)).toEqual([
      { values, tokens: 2 },
      { values, tokens: 4 },
    ]);
    const ofDiffusers = await opened(await diffusersPixArt(4), { ...HEADS, sample_size: 8 });
    expect(ofDiffusers.takes).toEqual({ kind: 'texts', tokens: 120, width: 6, unconditional: undefined });
    expect(nothingOf(ofDiffusers.takes, captions[0]!, captions)).toBe(captions[0]);
  });

  it('is a PixArt-Sigma by captions of 300 tokens, whose "nothing" is the empty caption', async () => {
    const tensors = await diffusersPixArt(5);
    const sigma = await opened(originalPixArt(tensors, 32, 300), HEADS);
    expect(sigma.takes).toEqual({
      kind: 'texts',
      tokens: 300,
      width: 6,
      unconditional: undefined,
      nothingLength: 'text',
    });
    const index = JSON.stringify({ _class_name: 'PixArtSigmaPipeline' });
    const config = JSON.stringify({ ...HEADS, sample_size: 32, interpolation_scale: 0.5 });
    const ofDiffusers = await opened(tensors, ModelConfig.parse({ config, index }));
    expect(ofDiffusers.takes).toMatchObject({ tokens: 300 });
    // Its own code spreads the positions of 256-pixel images by 0.5.
    const size = { height: 4, width: 4 };
    const outputs = await Promise.all([
      opened(originalPixArt(tensors, 32, 300), HEADS, size),
      opened(tensors, ModelConfig.parse({ config, index }), size),
      opened(tensors, { ...HEADS, sample_size: 32, caption_length: 300 }, size),
    ]).then((models) => Promise.all(models.map(outputOf)));
    expect(outputs[1]).toEqual(outputs[0]);
    expect(outputs[2]).not.toEqual(outputs[0]);
  });

  it('stretches positions to the latents that are asked for', async () => {
    const tensors = await diffusersPixArt(6);
    const config = { ...HEADS, sample_size: 8, caption_length: 5 };
    const own = await outputOf(await opened(tensors, config, { height: 8, width: 8 }));
    expect(own).toEqual(await outputOf(await opened(tensors, config)));
    // A model for latents twice as large has the same positions for these as one that counts them by halves.
    const size = { height: 4, width: 6 };
    const larger = await outputOf(await opened(tensors, { ...config, sample_size: 16 }, size));
    expect(await outputOf(await opened(tensors, { ...config, interpolation_scale: 0.5 }, size))).toEqual(larger);
  });

  it('is told the size that the config says, else that of the image in pixels', async () => {
    const tensors = await diffusersPixArt(7, { seesSize: true });
    const config = { ...HEADS, sample_size: 128, caption_length: 5 };
    const size = { height: 4, width: 6 };
    const usual = await outputOf(await opened(tensors, config, size));
    const told = async (resolution: unknown) => outputOf(await opened(tensors, { ...config, resolution }, size));
    expect(await told([32, 48])).toEqual(usual);
    expect(await told([48, 32])).not.toEqual(usual);
    await expect(told(1024)).rejects.toThrow('config.json: resolution is 1024, not a height and a width in pixels');
  });

  it('gives what diffusers gives, in 64-bit arithmetic', async () => {
    const folder = new URL('../../../../conformance/fixtures/modules/pixart/', import.meta.url);
    const read = (name: string) =>
      openCheckpoint(bytesSource(name, new Uint8Array(readFileSync(new URL(name, folder)))));
    const config = JSON.parse(readFileSync(new URL('config.json', folder), 'utf8')) as ConfigJson;
    const model = await openModel(await read('diffusion_pytorch_model.safetensors'), { ...config, caption_length: 9 });
    const { tensors } = await read('expected.safetensors');
    const values = (name: string) => readFloats(tensors.get(name)!);
    const dims = (name: string) => tensors.get(name)!.shape;
    const mask = await values('input.caption_mask');
    const rows = model.modulationRows([...(await values('input.timestep'))], [0]).inputs['timesteps']!;
    const { output } = (await interpret(model.plainGraph()))({
      latent: tensor(dims('input.sample'), await values('input.sample')),
      timesteps: tensor(rows.shape, Array.from(rows.data, Number)),
      text: tensor(dims('input.caption'), await values('input.caption')),
      padding: tensor(
        [3, 1, 1, 9],
        Array.from(mask, (seen) => (1 - seen) * -10_000),
      ),
    });
    const wanted = await values('output.sample');
    const largest = Math.max(...wanted.map(Math.abs));
    const error = Math.max(...wanted.map((value, i) => Math.abs(value - output!.data[i]!)));
    expect(error).toBeLessThanOrEqual(1e-5 * largest);
  });
});

describe('a PixArt that cannot be followed', () => {
  const without = (tensors: FloatTensors, ...names: readonly RegExp[]): FloatTensors =>
    new Map([...tensors].filter(([name]) => !names.some((each) => each.test(name))));
  const added = (tensors: FloatTensors, name: string): FloatTensors =>
    new Map([...tensors, [name, { shape: [1], data: new Float32Array(1) }]]);
  const original = async () => originalPixArt(await diffusersPixArt(8), 8);
  const asOriginal = async (change: (tensors: FloatTensors) => FloatTensors, config: ConfigJson = HEADS) =>
    opened(change(await original()), config);
  const asDiffusers = async (config: ConfigJson, seesSize = false) =>
    opened(await diffusersPixArt(8, { seesSize }), { ...HEADS, ...config });

  it.each<[string, (tensors: FloatTensors) => FloatTensors, string]>([
    [
      'a tensor is missing',
      (tensors) => without(tensors, /^blocks\.1\.cross_attn\.kv_linear\.bias$/),
      'tensor blocks.1.cross_attn.kv_linear.bias is missing; the file is not a complete PixArt checkpoint',
    ],
    [
      'the learned caption is missing',
      (tensors) => without(tensors, /y_embedding/),
      'tensor y_embedder.y_embedding is missing; the file is not a complete PixArt checkpoint',
    ],
    [
      'keys and values are compressed',
      (tensors) => added(tensors, 'blocks.1.attn.sr.weight'),
      "tensor blocks.1.attn.sr.weight compresses keys and values (PixArt-Sigma's kv_compress), which is not supported",
    ],
    [
      'heads are normalised',
      (tensors) => added(tensors, 'blocks.1.attn.q_norm.weight'),
      'the file has blocks.1.attn.q_norm.weight, which the arithmetic of a PixArt does not use',
    ],
    [
      'half of what takes the size is missing',
      (tensors) => added(tensors, 'csize_embedder.mlp.0.weight'),
      'csize_embedder.mlp.0.bias',
    ],
    [
      'a shape is another',
      (tensors) => new Map([...tensors, ['t_block.1.bias', { shape: [12], data: new Float32Array(12) }]]),
      'tensor t_block.1.bias has shape [12], but the other tensors call for [72]; the file mixes two models',
    ],
    [
      'nothing tells the size',
      (tensors) => without(tensors, /^pos_embed$/),
      'the tensors do not tell the size of the images; put a config.json with "input_size" beside the file',
    ],
    [
      'positions are no square',
      (tensors) => new Map([...tensors, ['pos_embed', { shape: [1, 6, 12], data: new Float32Array(72) }]]),
      'tensor pos_embed holds 6 positions of patches of 2, which is not a square',
    ],
  ])('is refused where %s', async (_, change, message) => {
    await expect(asOriginal(change)).rejects.toMatchObject({
      code: 'invalid-model',
      message: expect.stringContaining(message) as string,
    });
  });

  it.each<[ConfigJson, string]>([
    [{}, 'put a config.json with "sample_size" beside the file'],
    [{ sample_size: 7 }, 'patches of 2 do not tile latents of 7'],
    [{ sample_size: 8, use_additional_conditions: true }, 'but the tensors that take the size of an image are missing'],
    [{ sample_size: 128 }, 'adaln_single.emb.resolution_embedder.linear_1.weight'],
    [{ sample_size: 8, caption_channels: 4096 }, 'caption_channels is 4096, but the tensors say 6'],
    [{ sample_size: 8, norm_type: 'ada_norm_zero' }, 'norm_type is "ada_norm_zero", which is another kind of PixArt'],
    [{ sample_size: 8, caption_length: 513 }, 'caption_length is 513, not an integer from 1 to 512'],
    [{ sample_size: 8, interpolation_scale: 0 }, 'interpolation_scale is 0, not a number between 0 and'],
    [{ sample_size: 8, family: 'dit' }, 'family is "dit", but the tensors are those of a PixArt'],
    [{ sample_size: 8, flavour: 'original' }, 'flavour is "original", which'],
    [{ sample_size: 8, num_attention_heads: 5 }, 'but 5 heads do not divide the width of 12'],
  ])('is refused by a config that says %j', async (config, message) => {
    await expect(asDiffusers(config)).rejects.toMatchObject({
      code: 'invalid-model',
      message: expect.stringContaining(message) as string,
    });
  });

  it('is refused where the config turns off what the tensors are for', async () => {
    await expect(asDiffusers({ sample_size: 128, use_additional_conditions: false }, true)).rejects.toThrow(
      'use_additional_conditions is false, but the tensors that take the size of an image are there; take the config',
    );
    await expect(asDiffusers({ sample_size: 64, use_additional_conditions: null }, true)).rejects.toThrow(
      'which the arithmetic of a PixArt does not use',
    );
  });

  it('says which latents it draws', async () => {
    const tensors = await original();
    const sized = (height: number, width: number) => opened(tensors, HEADS, { height, width });
    await expect(sized(3, 4)).rejects.toMatchObject({
      code: 'invalid-input',
      message: 'latents of 3 x 4 cells cannot be cut into patches of 2; use multiples of 2',
    });
    await expect(sized(4096, 4096)).rejects.toThrow('have 4194304 tokens, more than the 16384 that are supported');
    await expect(sized(0, 4)).rejects.toThrow('latentSize.height: 0');
  });

  it('draws no classes', async () => {
    const model = await asOriginal((tensors) => tensors);
    expect(() => model.checkConditions([3])).toThrow(
      'the model draws texts, not classes such as 3; a text of the model is 5 tokens of 6 numbers',
    );
  });
});
