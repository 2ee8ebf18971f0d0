import { readFileSync } from 'node:fs';
import { fixture, largestDifference, tensorsOf } from '@procache/conformance';
import { describe, expect, it } from 'vitest';
import { openDecoder } from './open-decoder.ts';

interface Case {
  readonly folder: string;
  readonly weights?: string;
  readonly latent?: string;
  readonly image?: string;
  readonly tiles?: { readonly cells: number; readonly pixels: number; readonly overlap: number };
}

const TILES = { cells: 8, pixels: 32, overlap: 0.25 };

const CASES: readonly Case[] = [
  { folder: 'vae/attention' },
  { folder: 'vae/ldm-names', weights: 'model.safetensors' },
  { folder: 'vae/no-attention' },
  { folder: 'vae/old-attention-names' },
  { folder: 'vae/sdxl-scaling' },
  { folder: 'vae/shift-no-post-quant' },
  { folder: 'vae/taesd-diffusers' },
  { folder: 'vae/taesd-original', weights: 'taesd_decoder.safetensors', image: 'output.image01' },
  { folder: 'vae/tiled' },
  { folder: 'vae/tiled', latent: 'input.latent2', image: 'output.image2' },
  { folder: 'vae/tiled', image: 'output.tiled', tiles: TILES },
  { folder: 'vae/tiled', latent: 'input.latent2', image: 'output.tiled2', tiles: TILES },
  { folder: 'vae/tiled', image: 'output.tiled_half', tiles: { ...TILES, overlap: 0.5 } },
  { folder: 'vae/tiled', latent: 'input.latent2', image: 'output.tiled_half2', tiles: { ...TILES, overlap: 0.5 } },
];

describe('openDecoder', () => {
  it.each(CASES)('gives what the official code gives: %o', async ({ folder, weights, latent, image, tiles }) => {
    const expected = await tensorsOf(`${folder}/expected.safetensors`);
    const [name, output] = [latent ?? 'input.latent', image ?? 'output.image'];
    const [, , height, width] = expected.shape(name) as [number, number, number, number];
    const path = fixture(weights === undefined ? folder : `${folder}/${weights}`);
    const decoder = await openDecoder(path, { latent: { height, width }, tiles: tiles ?? false });
    try {
      const made = await decoder.decode(await expected.floats(name));
      const [, channels, rows, columns] = expected.shape(output);
      expect(decoder.image).toMatchObject({ channels, height: rows, width: columns });
      const wanted = await expected.floats(output);
      const largest = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      expect(largestDifference(made, wanted)).toBeLessThanOrEqual(1e-4 * largest);
    } finally {
      await decoder.dispose();
    }
  });

  it.each([
    ['modules/vae', 'output'],
    ['modules/taesd', 'output'],
  ])('gives what %s of diffusers gives', async (folder) => {
    const expected = await tensorsOf(`${folder}/expected.safetensors`);
    const latents = expected.names.find((name) => name.startsWith('input'))!;
    const output = expected.names.find((name) => name.startsWith('output'))!;
    const [, , height, width] = expected.shape(latents) as [number, number, number, number];
    const config = JSON.parse(readFileSync(fixture(`${folder}/config.json`), 'utf8')) as { scaling_factor?: number };
    const decoder = await openDecoder(fixture(folder), { latent: { height, width } });
    try {
      // This golden case was given to the decoder itself, after the scaling.
      const scaled = (await expected.floats(latents)).map((value) => value * (config.scaling_factor ?? 0.18215));
      const made = await decoder.decode(scaled);
      const wanted = await expected.floats(output);
      const largest = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      expect(largestDifference(made, wanted)).toBeLessThanOrEqual(1e-4 * largest);
    } finally {
      await decoder.dispose();
    }
  });

  it('makes the images of a batch one by one', async () => {
    const expected = await tensorsOf('vae/attention/expected.safetensors');
    const latents = await expected.floats('input.latent');
    const decoder = await openDecoder(fixture('vae/attention'), { latent: { height: 8, width: 8 } });
    try {
      const both = await decoder.decode(latents);
      const second = await decoder.decode(latents.subarray(latents.length / 2));
      expect(both.subarray(both.length / 2)).toEqual(second);
    } finally {
      await decoder.dispose();
    }
  });

  it.each([
    ['dit/model.safetensors', 'tensors are not of a decoder'],
    ['vae/nowhere', 'vae/nowhere'],
  ])('refuses %s', async (name, message) => {
    await expect(openDecoder(fixture(name), { latent: { height: 8, width: 8 } })).rejects.toThrow(message);
  });

  it('refuses latents of another size', async () => {
    const decoder = await openDecoder(fixture('vae/attention'), { latent: { height: 8, width: 8 } });
    await expect(decoder.decode(new Float32Array(255))).rejects.toThrow(
      'latents: 255 numbers are not made of latents of 4x8x8 = 256',
    );
    await decoder.dispose();
  });
});
