import type { Decoder } from '@procache/core';
import { type DecoderModel, linearPreview, type TransformerModel } from '@procache/model';

/** Parameters from which on a decoder takes too long to show single steps. */
const SLOW_FROM = 16e6;
/** What the latents of Stable Diffusion were multiplied by: those that `linearPreview` has colours for. */
const COLOURED_SCALE = 0.18215;

/**
 * What shows single steps instead of a decoder that takes long: a linear map, where there is one for its latents. Of
 * another decoder, nothing, and the decoder shows them itself.
 */
export function previewFor(
  { latent }: Pick<TransformerModel, 'latent'>,
  decoder: (Decoder & { readonly model?: DecoderModel }) | undefined,
): Decoder | undefined {
  const own = decoder?.model;
  if (own === undefined || own.parameters < SLOW_FROM) return undefined;
  const isColoured = own.scale === COLOURED_SCALE && own.latentChannels === 4 && own.pixels === 8;
  return isColoured ? linearPreview(latent) : undefined;
}
