import { copyFile, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fixture } from '@procache/conformance';
import type { TextEmbedding } from '@procache/core';
import { bytesSource, type ConfigJson, openCheckpoint, readFloats, writeSafetensors } from '@procache/model';
import { zooModel } from '@procache/zoo';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { diffusersPixArt, originalPixArt } from '../../model/src/testing/tiny-pixart.ts';
import type { FloatTensors } from '../../model/src/testing/tiny-text.ts';
import { counts, dictionary, pickledTensor, saved, storage } from '../../model/src/testing/torch-file.ts';
import { inspectPath } from './inspect-path.ts';
import { openDecoder } from './open-decoder.ts';
import { type NodePipeline, openPipeline, type PipelineOptions } from './open-pipeline.ts';

// Models as people have them: official names, nesting and number formats, at tiny sizes.

const TINY = fixture('pipelines/pixart-tiny');
let folder: string;
const at = (...parts: string[]) => join(folder, ...parts);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'procache-layouts-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Two blocks as wide as the captions of the T5 of the fixture. */
const EXTENTS = { textWidth: 32 };
const HEADS = { num_heads: 2 };

/** The tensors of a fixture's file. */
async function tensorsIn(path: string): Promise<FloatTensors> {
  const { tensors } = await openCheckpoint(bytesSource(path, await readFile(path)));
  const read = [...tensors].map(
    async ([name, tensor]) => [name, { shape: tensor.shape, data: await readFloats(tensor) }] as const,
  );
  return new Map(await Promise.all(read));
}

/** What torch.save writes of tensors: as they are, or under `state_dict` as PixArt's training does. */
async function torchFile(path: string, tensors: FloatTensors, nested = false): Promise<void> {
  const pickled = [...tensors].map(([name, { shape, data }], i) => {
    const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
    return [name, pickledTensor(storage(`${i}`, data.length), 0, shape, strides)] as const;
  });
  const state = dictionary(Object.fromEntries(pickled));
  const storages = Object.fromEntries([...tensors.values()].map(({ data }, i) => [`${i}`, data]));
  const source = saved(nested ? dictionary({ state_dict: state, epoch: counts([1]) }) : state, { storages });
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, await source.read(0, source.size));
}

/** An original checkpoint: `PixArt-XL-2-512x512.pth`. */
async function checkpoint(path: string, side: number, { seesSize = false, tokens = 120 } = {}): Promise<string> {
  const tensors = originalPixArt(await diffusersPixArt(7, { ...EXTENTS, seesSize }), side, tokens);
  await torchFile(path, tensors, true);
  return path;
}

/** `stabilityai/sd-vae-ft-ema` as it is downloaded: a pickle, whose config does not say how latents are scaled. */
async function autoencoder(path: string, config: object = {}): Promise<void> {
  await torchFile(join(path, 'diffusion_pytorch_model.bin'), await tensorsIn(join(TINY, 'vae', VAE_FILE)));
  const own = JSON.parse(await readFile(join(TINY, 'vae/config.json'), 'utf8')) as Record<string, unknown>;
  await writeFile(join(path, 'config.json'), JSON.stringify({ ...own, scaling_factor: undefined, ...config }));
}
const VAE_FILE = 'diffusion_pytorch_model.safetensors';

/** A T5 with its tokenizer in one folder, as `DeepFloyd/t5-v1_1-xxl` is. */
async function textEncoder(path: string): Promise<void> {
  await cp(join(TINY, 'text_encoder'), path, { recursive: true });
  for (const file of ['spiece.model', 'tokenizer_config.json'])
    await copyFile(join(TINY, 'tokenizer', file), join(path, file));
}

/** A folder in which each file is a link to a blob, as the cache of Hugging Face has them. */
async function cached(repository: string, files: Readonly<Record<string, string>>): Promise<string> {
  const cache = at('hub', `models--${repository.replace('/', '--')}`);
  const commit = '0f3b'.repeat(10);
  await mkdir(join(cache, 'blobs'), { recursive: true });
  await mkdir(join(cache, 'refs'), { recursive: true });
  await writeFile(join(cache, 'refs/main'), commit);
  for (const [i, [name, from]] of Object.entries(files).entries()) {
    const blob = join(cache, 'blobs', `${repository.length}${i}`.padStart(40, 'a'));
    await copyFile(from, blob);
    const link = join(cache, 'snapshots', commit, name);
    await mkdir(dirname(link), { recursive: true });
    await symlink(blob, link);
  }
  return cache;
}

const SIZE = { height: 8, width: 8 };

const caption = (pace: number, { tokens, width }: { tokens: number; width: number }): TextEmbedding => ({
  values: Float32Array.from({ length: tokens * width }, (_, i) => Math.sin(pace * i)),
  tokens: 3,
});

async function opened(path: string, options: PipelineOptions = {}): Promise<NodePipeline> {
  return openPipeline(path, { latentSize: SIZE, threads: 1, ...options });
}

/** Draws two images with a pipeline: of prompts where something reads them, else of embeddings. */
async function drawn(pipeline: NodePipeline): Promise<Float32Array> {
  const { takes, encoder } = pipeline;
  if (takes.kind !== 'texts') throw new Error('a PixArt takes texts');
  const texts = encoder ? ['a red fox', 'the old bridge'] : [caption(1.1, takes), caption(1.7, takes)];
  const conditions: readonly (string | TextEmbedding)[] = texts;
  const negative = encoder || takes.unconditional !== undefined ? undefined : caption(2.3, takes);
  const { images } = await pipeline.generate({ conditions, negative, guidance: 2, steps: 3 });
  await pipeline.dispose();
  expect(images).toHaveLength(2 * 3 * 64 * 64);
  expect(images.every(Number.isFinite)).toBe(true);
  expect(new Set(images).size).toBeGreaterThan(1000);
  return images;
}

/** What `inspectPath` says of the parts of a model. */
async function partsAt(path: string, config: ConfigJson = {}) {
  const report = await inspectPath(path, { config });
  if (report.kind !== 'transformer' || report.parts === undefined) throw new Error(`${path} is no model`);
  const { decoder, encoder, tokenizer, scheduler, missing, layout } = report.parts;
  const found = { decoder, encoder, tokenizer, scheduler };
  const there = Object.entries(found).flatMap(([part, each]) =>
    each ? [[part, `${each.path} ${each.kind}`] as const] : [],
  );
  const places: Readonly<Record<string, string>> = Object.fromEntries(there);
  return { ...places, layout, missing: missing.map(({ part }) => part) };
}

describe('a checkpoint of PixArt-alpha', () => {
  it.each([
    ['PixArt-XL-2-256x256.pth', 32, false],
    ['PixArt-XL-2-512x512.pth', 64, false],
    ['PixArt-XL-2-1024-MS.pth', 128, true],
  ])('%s draws with what its scripts download beside it', async (name, side, seesSize) => {
    const path = await checkpoint(at(name, name), side, { seesSize });
    await autoencoder(at(name, 'sd-vae-ft-ema'));
    await textEncoder(at(name, 't5_ckpts/t5-v1_1-xxl'));
    expect(await partsAt(path, HEADS)).toEqual({
      layout: 'companions',
      decoder: 'sd-vae-ft-ema AutoencoderKL',
      encoder: 't5_ckpts/t5-v1_1-xxl T5EncoderModel',
      tokenizer: 't5_ckpts/t5-v1_1-xxl spiece.model',
      missing: [],
    });
    const images = await drawn(await opened(path, { config: HEADS }));
    // The folder is the same model, and so is a file of the decoder alone.
    expect(await drawn(await opened(at(name), { config: HEADS }))).toEqual(images);
    await autoencoder(at(name, 'elsewhere/vae'));
    const named = await opened(path, { config: HEADS, decoder: at(name, 'elsewhere/vae') });
    expect(await drawn(named)).toEqual(images);
  });

  it('takes its autoencoder from the cache that it lies in itself', async () => {
    const file = await checkpoint(at('plain/PixArt-XL-2-512x512.pth'), 64);
    await autoencoder(at('plain/sd-vae-ft-ema'));
    const images = await drawn(await opened(file, { config: HEADS }));
    const cache = await cached('PixArt-alpha/PixArt-alpha', { 'PixArt-XL-2-512x512.pth': file });
    expect(await partsAt(cache, HEADS)).toMatchObject({ missing: ['decoder', 'encoder', 'tokenizer'] });
    await cached('stabilityai/sd-vae-ft-ema', {
      'config.json': at('plain/sd-vae-ft-ema/config.json'),
      'diffusion_pytorch_model.bin': at('plain/sd-vae-ft-ema/diffusion_pytorch_model.bin'),
    });
    expect(await partsAt(cache, HEADS)).toMatchObject({ missing: ['encoder', 'tokenizer'] });
    expect(await drawn(await opened(cache, { config: HEADS }))).toEqual(images);
  });
});

it('a checkpoint of PixArt-Sigma takes the autoencoder of SDXL, and no other', async () => {
  const path = await checkpoint(at('sigma/PixArt-Sigma-XL-2-512-MS.pth'), 64, { tokens: 300 });
  await autoencoder(at('sigma/sd-vae-ft-ema'), { scaling_factor: 0.18215 });
  expect(await partsAt(path, HEADS)).toMatchObject({ missing: ['decoder', 'encoder', 'tokenizer'] });
  const without = await opened(path, { config: HEADS });
  await expect(drawn(without)).rejects.toThrow(
    'PixArt-Sigma-XL-2-512-MS.pth draws latents, and there is no decoder with it ' +
      "(sd-vae-ft-ema: its latents are scaled by 0.18215, and the model's by 0.13025); put the folder vae/ of " +
      'PixArt-alpha/pixart_sigma_sdxlvae_T5_diffusers into vae/, or name one with the option decoder',
  );
  await without.dispose();
  await autoencoder(at('sigma/pixart_sigma_sdxlvae_T5_diffusers/vae'), { scaling_factor: 0.13025 });
  expect(await partsAt(path, HEADS)).toMatchObject({
    decoder: 'pixart_sigma_sdxlvae_T5_diffusers/vae AutoencoderKL',
    missing: ['encoder', 'tokenizer'],
  });
  await drawn(await opened(path, { config: HEADS }));
});

it('a tiny autoencoder beside a larger one shows single steps, where it is of the same latents', async () => {
  const path = at('previews');
  await cp(TINY, path, { recursive: true });
  await cp(fixture('vae/taesd-diffusers'), join(path, 'taesd'), { recursive: true });
  await cp(fixture('vae/taesd-diffusers'), join(path, 'taesdxl'), { recursive: true });
  const report = await inspectPath(path);
  expect(report).toMatchObject({ parts: { decoder: { path: 'vae' }, preview: { path: 'taesd' }, missing: [] } });
  const pipeline = await opened(path);
  const tiny = await openDecoder(join(path, 'taesd'), { latent: SIZE, threads: 1 });
  const previews: [Float32Array, Float32Array][] = [];
  await pipeline.generate({
    ...{ conditions: ['a red fox'], steps: 2 },
    onStep: async ({ preview, clean }) => void previews.push([await preview(), await tiny.decode(clean)]),
  });
  await Promise.all([pipeline.dispose(), tiny.dispose()]);
  expect(previews).toHaveLength(2);
  for (const [shown, expected] of previews) expect(shown).toEqual(expected);
});

describe('a diffusers pipeline', () => {
  const FILES = ['scheduler/scheduler_config.json', 'text_encoder/config.json', 'transformer/config.json'];
  const WEIGHTS = [`transformer/${VAE_FILE}`, `vae/${VAE_FILE}`, 'vae/config.json', 'text_encoder/model.safetensors'];
  const TOKENS = ['tokenizer/tokenizer.json', 'tokenizer/tokenizer_config.json', 'model_index.json'];

  it('in the cache, where all its files are links, is drawn with as in a folder', async () => {
    const parts = { encoder: 'text_encoder T5EncoderModel', tokenizer: 'tokenizer tokenizer.json', missing: [] };
    expect(await partsAt(TINY)).toMatchObject({ layout: 'pipeline', ...parts });
    const files = [...FILES, ...WEIGHTS, ...TOKENS].map(
      (name) => [name, join(fixture('pipelines/pixart-tiny-ms'), name)] as const,
    );
    const cache = await cached('PixArt-alpha/PixArt-XL-2-1024-MS', Object.fromEntries(files));
    expect(await partsAt(cache)).toMatchObject({ layout: 'pipeline', ...parts });
    const images = await drawn(await opened(cache));
    expect(images).toEqual(await drawn(await opened(fixture('pipelines/pixart-tiny-ms'))));
  });

  it('of which there is the transformer only still draws latents, and says what is missing', async () => {
    await cp(join(TINY, 'transformer'), at('part/transformer'), { recursive: true });
    for (const file of ['model_index.json', 'scheduler'])
      await cp(join(TINY, file), at('part', file), { recursive: true });
    const pipeline = await opened(at('part'));
    if (pipeline.takes.kind !== 'texts') throw new Error('a PixArt takes texts');
    const conditions = [caption(1.1, pipeline.takes)];
    await expect(pipeline.generate({ conditions, guidance: 1 })).rejects.toThrow(
      'part draws latents, and there is no decoder with it; put stabilityai/sd-vae-ft-ema into vae/, or name one',
    );
    await expect(pipeline.generate({ conditions: ['a cat'], guidance: 1 })).rejects.toThrow('there is no decoder');
    await expect(pipeline.generateLatents({ conditions: ['a cat'], guidance: 1 })).rejects.toThrow(
      'conditions: part draws from texts, and there is no encoder with it; put the encoder that it was trained with ' +
        'into text_encoder/, or name one with the option encoder',
    );
    expect((await pipeline.generateLatents({ conditions, guidance: 1, steps: 2 })).latents).toHaveLength(4 * 64);
    await pipeline.dispose();
  });

  it('whose decoder is half downloaded says so when images are asked for, and no sooner', async () => {
    await cp(TINY, at('half'), { recursive: true });
    await rm(at('half/vae', VAE_FILE));
    const pipeline = await opened(at('half'));
    if (pipeline.takes.kind !== 'texts') throw new Error('a PixArt takes texts');
    const conditions = [caption(1.1, pipeline.takes)];
    await expect(pipeline.generate({ conditions, guidance: 1 })).rejects.toThrow(
      /half draws latents, and its decoder cannot be opened: .*vae: the folder holds no checkpoint/,
    );
    expect((await pipeline.generateLatents({ conditions, guidance: 1, steps: 2 })).latents).toHaveLength(4 * 64);
    await pipeline.dispose();
    await expect(opened(at('half'), { decoder: at('half/vae') })).rejects.toThrow(
      'vae: the folder holds no checkpoint',
    );
  });
});

it('a checkpoint of PixArt reads texts with a T5 in one file and a tokenizer beside it', async () => {
  const path = await checkpoint(at('loose/PixArt-XL-2-512x512.pth'), 64);
  await autoencoder(at('loose/vae'));
  const ms = fixture('pipelines/pixart-tiny-ms');
  await writeFile(at('loose/config.json'), JSON.stringify({ num_heads: 2, depth: 2 }));
  await copyFile(join(TINY, 'tokenizer/spiece.model'), at('loose/spiece.model'));
  await copyFile(join(ms, 'text_encoder/model.safetensors'), at('loose/t5xxl_fp16.safetensors'));
  const other = await opened(path);
  await expect(other.generate({ conditions: ['a red fox'], steps: 2 })).rejects.toThrow(
    /conditions: .* and its encoder cannot be opened: .*gives 24 numbers for each token, but the model takes 32/,
  );
  await other.dispose();
  const shards = ['1', '2', '3', '4'].map((n) => join(TINY, `text_encoder/model-0000${n}-of-00004.safetensors`));
  const tensors = new Map((await Promise.all(shards.map((shard) => tensorsIn(shard)))).flatMap((each) => [...each]));
  await writeFile(at('loose/t5xxl_fp16.safetensors'), writeSafetensors(tensors));
  expect(await partsAt(path)).toMatchObject({
    encoder: 't5xxl_fp16.safetensors file',
    tokenizer: ' spiece.model',
    missing: [],
  });
  const pipeline = await opened(path);
  expect(pipeline.encoder).toBeDefined();
  await drawn(pipeline);
});

describe('a checkpoint of DiT', () => {
  it('draws images with an autoencoder beside it, in a folder or in a file', async () => {
    await mkdir(at('dit'));
    await copyFile(fixture('dit/model.safetensors'), at('dit/DiT-XL-2-256x256.safetensors'));
    const config = { num_heads: 4 };
    const path = at('dit/DiT-XL-2-256x256.safetensors');
    const alone = await openPipeline(path, { config, threads: 1 });
    await expect(alone.generate({ conditions: [0] })).rejects.toThrow('put stabilityai/sd-vae-ft-ema into vae/');
    await alone.dispose();
    await autoencoder(at('dit/vae'));
    const draw = async (pipeline: NodePipeline) => {
      const { images } = await pipeline.generate({ conditions: [1], steps: 2 });
      await pipeline.dispose();
      return images;
    };
    const images = await draw(await openPipeline(path, { config, threads: 1 }));
    expect(images).toHaveLength(3 * 128 * 128);
    // One file, beside a config.json that is the transformer's.
    const tensors = await tensorsIn(fixture('vae/ldm-names/model.safetensors'));
    await mkdir(at('dit 2'));
    await copyFile(path, at('dit 2/DiT-XL-2-256x256.safetensors'));
    await writeFile(at('dit 2/vae-ft-ema-560000-ema-pruned.safetensors'), writeSafetensors(tensors));
    await writeFile(at('dit 2/config.json'), JSON.stringify({ ...config, in_channels: 4, out_channels: 8, depth: 28 }));
    expect(await inspectPath(at('dit 2/vae-ft-ema-560000-ema-pruned.safetensors'))).toMatchObject({
      kind: 'autoencoder',
      facts: expect.arrayContaining([['supported', 'yes, as autoencoder-kl (original)']]),
    });
    const file = await openPipeline(at('dit 2/DiT-XL-2-256x256.safetensors'), { threads: 1 });
    expect((await draw(file)).length % 3).toBe(0);
  });
});

it("the project's own folder draws texts with its table of words", async () => {
  const { folder: own } = zooModel('emoji-pixart');
  expect(await partsAt(own)).toEqual({ layout: 'companions', encoder: ' words', missing: [] });
  const pipeline = await openPipeline(own, { threads: 1 });
  const { images } = await pipeline.generate({ conditions: ['twemoji blue heart', 'noto cat'], steps: 2 });
  expect(images).toHaveLength(2 * 3 * 32 * 32);
  await pipeline.dispose();
});
