import { describe, expect, it } from 'vitest';
import type { Denoiser } from './denoiser.ts';
import { guided } from './guidance.ts';
import type { LatentShape } from './latent-shape.ts';

/** Two latents of 4 channels of 1x2, with a variance. */
const shape: LatentShape = { channels: 4, outChannels: 8, height: 1, width: 2 };
const latent = Float32Array.from({ length: 16 }, (_, i) => i / 4);

/** Gives the numbers of its output by image, and remembers what it saw. */
function model(images: number): { denoise: Denoiser; seen: Float32Array[] } {
  const seen: Float32Array[] = [];
  return {
    seen,
    denoise: async (both) => {
      seen.push(both);
      return Float32Array.from({ length: images * 16 }, (_, i) => 100 * Math.floor(i / 16) + (i % 16));
    },
  };
}

/** `forward_with_cfg` of DiT, written down per number: `eps, rest = out[:, :3], out[:, 3:]`. */
function forwardWithCfg(output: Float32Array, scale: number, channels: number): number[] {
  const half = output.length / 2;
  return Array.from(output.subarray(0, half), (conditional, i) => {
    const channel = Math.floor(i / 2) % 8;
    const unconditional = output[half + i]!;
    return channel < channels ? unconditional + scale * (conditional - unconditional) : conditional;
  });
}

describe('guided', () => {
  it('shows each latent twice, conditional images first', async () => {
    const { denoise, seen } = model(4);
    await guided(denoise, 4, { shape, channels: 4 })(latent, 0);
    expect([...seen[0]!]).toEqual([...latent, ...latent]);
  });

  it.each([
    [3, 'as the original DiT'],
    [4, 'as diffusers'],
    [8, 'and the variance too'],
  ])('guides the first %d channels, %s', async (channels) => {
    const { denoise } = model(4);
    const output = await guided(denoise, 1.5, { shape, channels })(latent, 0);
    expect([...output]).toEqual(forwardWithCfg(await denoise(new Float32Array(32), 0), 1.5, channels));
  });

  it('is the conditional model at scale 1, and the unconditional one at scale 0', async () => {
    const { denoise } = model(4);
    const both = await denoise(latent, 0);
    expect(await guided(denoise, 1, { shape, channels: 4 })(latent, 0)).toEqual(both.slice(0, 32));
    expect(await guided(denoise, 0, { shape, channels: 8 })(latent, 0)).toEqual(both.slice(32));
  });

  it('says what is wrong with its arguments', async () => {
    const { denoise } = model(2);
    expect(() => guided(denoise, NaN, { shape, channels: 4 })).toThrow('the guidance scale is NaN');
    expect(() => guided(denoise, 1e308, { shape, channels: 4 })).toThrow(
      'the guidance scale is 1e+308; use a number, mostly 1.5 to 8, at most 1000000',
    );
    expect(() => guided(denoise, 1, { shape, channels: 9 })).toThrow('cannot guide 9 of 8 output channels; use 1 to 8');
    await expect(guided(denoise, 1, { shape, channels: 4 })(latent, 0)).rejects.toThrow(
      'the model returned 32 numbers, where guidance expects 64',
    );
  });
});
