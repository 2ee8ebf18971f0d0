import { describe, expect, it } from 'vitest';
import { bytesSource } from '../checkpoint/byte-source.ts';
import { utf8Of } from '../checkpoint/utf8.ts';
import { chosenParts } from './chosen-parts.ts';
import { findParts } from './find-parts.ts';
import type { Folder } from './folder.ts';
import type { PartedModel } from './origins.ts';

/** A folder of texts by their paths, which can tell what there is unless it is `unlisted`. */
function folderOf(files: Readonly<Record<string, string>>, unlisted = false): Folder {
  const folder: Folder = {
    name: 'dir',
    open: (path) => Promise.resolve(path in files ? bytesSource(path, utf8Of(files[path]!)) : undefined),
  };
  if (unlisted) return folder;
  return {
    ...folder,
    names: (path) => {
      const under = path === '' ? '' : `${path}/`;
      const inside = Object.keys(files).filter((file) => file.startsWith(under));
      const names = inside.map((file) => /^[^/]+\/?/.exec(file.slice(under.length))![0]);
      return Promise.resolve(inside.length === 0 ? undefined : [...new Set(names)]);
    },
  };
}

const latent = { channels: 4, outChannels: 8, height: 32, width: 32 };
const alpha: PartedModel = {
  family: 'pixart',
  takes: { kind: 'texts', tokens: 120, width: 4096, unconditional: undefined },
  latent,
  valueRange: undefined,
};
const sigma: PartedModel = { ...alpha, takes: { kind: 'texts', tokens: 300, width: 4096, unconditional: undefined } };
const classes: PartedModel = {
  ...alpha,
  family: 'dit',
  takes: { kind: 'classes', count: 1000, unconditional: 1000, guessed: false, names: undefined },
};

const T5 = '{"architectures": ["T5EncoderModel"], "model_type": "t5", "d_model": 4096}';
const VAE = '{"_class_name": "AutoencoderKL", "latent_channels": 4, "scaling_factor": 0.18215}';
const SDXL_VAE = VAE.replace('0.18215', '0.13025');

/** Where the parts of a model are found, and what is missing. */
async function partsOf(
  folder: Folder,
  { model = alpha, weights = 'PixArt-XL-2-512x512.pth', isPipeline = false } = {},
) {
  const found = await findParts({ folder, weights, pipeline: isPipeline ? folder : undefined });
  const { decoder, encoder, tokenizer, scheduler, missing, passedOver } = chosenParts(found, model);
  return {
    decoder: decoder && `${decoder.path} ${decoder.kind}`,
    encoder: encoder && `${encoder.path} ${encoder.kind}`,
    tokenizer: tokenizer && `${tokenizer.path} ${tokenizer.kind}`,
    scheduler: scheduler?.kind,
    missing: missing.map(({ part, origin: { repository, folder: inner, into } }) =>
      [part, repository, inner, into].filter((word) => word !== undefined).join(' '),
    ),
    passedOver: passedOver.map(({ found: { path }, why }) => `${path}: ${why}`),
  };
}

const PIPELINE = {
  'model_index.json': '{"_class_name": "PixArtAlphaPipeline"}',
  'scheduler/scheduler_config.json': '{"_class_name": "DPMSolverMultistepScheduler", "lambda_min_clipped": -Infinity}',
  'text_encoder/config.json': T5,
  'text_encoder/model.safetensors.index.json': '{}',
  'tokenizer/spiece.model': '',
  'tokenizer/tokenizer.json': '{}',
  'transformer/config.json': '{}',
  'vae/config.json': VAE,
};

describe.each([
  ['a folder that can be listed', false],
  ['a folder that cannot', true],
])('%s', (_, unlisted) => {
  it('is a diffusers pipeline with all its parts', async () => {
    expect(await partsOf(folderOf(PIPELINE, unlisted), { isPipeline: true })).toEqual({
      decoder: 'vae AutoencoderKL',
      encoder: 'text_encoder T5EncoderModel',
      tokenizer: 'tokenizer tokenizer.json',
      scheduler: 'DPMSolverMultistepScheduler',
      missing: [],
      passedOver: [],
    });
  });

  it('has companions beside a checkpoint, under the names that their makers gave them', async () => {
    const folder = folderOf(
      {
        'PixArt-XL-2-512x512.pth': '',
        'sd-vae-ft-ema/config.json': '{"_class_name": "AutoencoderKL", "latent_channels": 4}',
        't5-v1_1-xxl/config.json': T5,
        't5-v1_1-xxl/spiece.model': '',
      },
      unlisted,
    );
    expect(await partsOf(folder)).toMatchObject({
      decoder: 'sd-vae-ft-ema AutoencoderKL',
      encoder: 't5-v1_1-xxl T5EncoderModel',
      tokenizer: 't5-v1_1-xxl spiece.model',
      missing: [],
    });
  });

  it('has a table of words beside the weights, which takes no tokenizer', async () => {
    const files = { 'model.safetensors': '', 'text_encoder.safetensors': '', 'vocabulary.json': '[]' };
    const model: PartedModel = { ...alpha, valueRange: [-1, 1] };
    const { encoder, tokenizer, missing } = await partsOf(folderOf(files, unlisted), {
      model,
      weights: 'model.safetensors',
    });
    expect([encoder, tokenizer, missing]).toEqual([' words', undefined, []]);
  });
});

it('finds parts one folder down, as the scripts of PixArt download them', async () => {
  const folder = folderOf({
    'PixArt-XL-2-512x512.pth': '',
    't5_ckpts/t5-v1_1-xxl/config.json': T5,
    't5_ckpts/t5-v1_1-xxl/spiece.model': '',
    'output/vae/config.json': VAE,
  });
  expect(await partsOf(folder)).toMatchObject({
    decoder: 'output/vae AutoencoderKL',
    encoder: 't5_ckpts/t5-v1_1-xxl T5EncoderModel',
    tokenizer: 't5_ckpts/t5-v1_1-xxl spiece.model',
  });
});

it('finds parts that are one file', async () => {
  const folder = folderOf({
    'DiT-XL-2-256x256.pt': '',
    'taesd_decoder.safetensors': '',
    'taesd_encoder.safetensors': '',
    'vae-ft-mse-840000-ema-pruned.safetensors': '',
    't5xxl_fp16.safetensors': '',
    'spiece.model': '',
  });
  const weights = 'DiT-XL-2-256x256.pt';
  expect((await partsOf(folder, { model: classes, weights })).decoder).toBe(
    'vae-ft-mse-840000-ema-pruned.safetensors file',
  );
  expect(await partsOf(folder, { weights })).toMatchObject({
    encoder: 't5xxl_fp16.safetensors file',
    tokenizer: ' spiece.model',
    missing: [],
  });
});

it('prefers a whole autoencoder to a tiny one, and usual names to others', async () => {
  const folder = folderOf({
    'a/config.json': VAE,
    'taesd/config.json': '{"_class_name": "AutoencoderTiny", "latent_channels": 4}',
    'vae/diffusion_pytorch_model.bin': '',
  });
  const found = await findParts({ folder, weights: 'x.pt', pipeline: undefined });
  expect(found.found.map(({ path, kind }) => `${path} ${kind}`)).toEqual([
    'vae file',
    'a AutoencoderKL',
    'taesd AutoencoderTiny',
  ]);
});

it('passes over what belongs to another model, and says why', async () => {
  const files = {
    'sd-vae-ft-ema/config.json': VAE,
    'flux/config.json': '{"_class_name": "AutoencoderKL", "latent_channels": 16}',
    't5-small/config.json': T5.replace('4096', '512'),
    'tokenizer/tokenizer.json': '{}',
  };
  expect(await partsOf(folderOf(files), { model: sigma })).toMatchObject({
    decoder: undefined,
    encoder: undefined,
    missing: [
      'decoder PixArt-alpha/pixart_sigma_sdxlvae_T5_diffusers vae vae/',
      'encoder PixArt-alpha/pixart_sigma_sdxlvae_T5_diffusers text_encoder text_encoder/',
    ],
    passedOver: [
      "sd-vae-ft-ema: its latents are scaled by 0.18215, and the model's by 0.13025",
      "flux: its latents have 16 channels, and the model's have 4",
      "t5-small: its tokens are 512 wide, and the model's 4096",
    ],
  });
  const both = folderOf({ ...files, 'sdxl-vae/config.json': SDXL_VAE });
  expect(await partsOf(both, { model: sigma })).toMatchObject({ decoder: 'sdxl-vae AutoencoderKL' });
  expect(await partsOf(both)).toMatchObject({ decoder: 'sd-vae-ft-ema AutoencoderKL' });
});

it('says what is missing, where it comes from and where to put it', async () => {
  const alone = folderOf({ 'PixArt-XL-2-512x512.pth': '' });
  expect((await partsOf(alone)).missing).toEqual([
    'decoder stabilityai/sd-vae-ft-ema vae/',
    'encoder DeepFloyd/t5-v1_1-xxl text_encoder/',
    'tokenizer DeepFloyd/t5-v1_1-xxl tokenizer/',
  ]);
  expect((await partsOf(alone, { model: classes })).missing).toEqual(['decoder stabilityai/sd-vae-ft-ema vae/']);
  const rest = Object.entries(PIPELINE).filter(([path]) => !path.startsWith('tokenizer/'));
  expect((await partsOf(folderOf(Object.fromEntries(rest)), { isPipeline: true })).missing).toEqual([
    'tokenizer DeepFloyd/t5-v1_1-xxl tokenizer/',
  ]);
});

it('is not stopped by a config that cannot be read: whoever opens the part says what is wrong', async () => {
  const folder = folderOf({ 'vae/config.json': '{', 'vae/model.safetensors': '' });
  expect(await partsOf(folder)).toMatchObject({ decoder: 'vae file' });
});
