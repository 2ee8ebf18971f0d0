import { identityDecoder } from '@procache/core';
import type { DecoderModel } from '@procache/model';
import { expect, it } from 'vitest';
import { previewFor } from './preview-decoder.ts';

const latent = { channels: 4, outChannels: 8, height: 2, width: 3 };
const decoderOf = (own: Partial<DecoderModel>) => ({
  ...identityDecoder({ channels: 3, height: 16, width: 24, valueRange: [-1, 1] }),
  model: { parameters: 49_490_199, scale: 0.18215, latentChannels: 4, pixels: 8, ...own } as DecoderModel,
});

it('shows steps by colours where decoding takes long and the latents are those of Stable Diffusion', () => {
  const large = decoderOf({});
  expect(previewFor({ latent }, large)?.image).toEqual(large.image);
  for (const other of [{ parameters: 1e6 }, { scale: 0.13025 }, { latentChannels: 16 }, { pixels: 4 }])
    expect(previewFor({ latent }, decoderOf(other))).toBeUndefined();
  expect(previewFor({ latent }, undefined)).toBeUndefined();
  expect(previewFor({ latent }, identityDecoder(large.image))).toBeUndefined();
});
