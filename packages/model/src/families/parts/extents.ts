import { ProCacheError } from '@procache/core';

/** What the tensors of a DiT and of what was made of it tell, family by family more. */
export interface SharedExtents {
  /** Blocks, one after another. */
  readonly depth: number;
  /** Width of a token. */
  readonly hidden: number;
  readonly heads: number;
  readonly mlpHidden: number;
  /** Cells of the latent along each side of a token. */
  readonly patch: number;
  readonly channels: number;
  /** Channels of the last layer: those of the input, and as many again where training learned a variance. */
  readonly outChannels: number;
  /** Width of the timestep embedding: half cosines, half sines. */
  readonly frequencies: number;
}

/**
 * Refuses extents of which nothing can be computed.
 *
 * @throws {ProCacheError} `invalid-model`
 */
export function checkExtents({ frequencies, channels, outChannels, patch }: SharedExtents): void {
  if (frequencies % 2 !== 0)
    throw invalid(`the timestep embedding is ${frequencies} wide, but it is made of cosines and as many sines`);
  if (!Number.isInteger(outChannels))
    throw invalid(`the last layer's width is not a multiple of the patch's ${patch ** 2} pixels`);
  if (outChannels !== channels && outChannels !== 2 * channels) {
    throw invalid(
      `the model takes ${channels} channels and gives ${outChannels}; ` +
        `supported are ${channels} of noise, or ${2 * channels} where ${channels} of variance come with them`,
    );
  }
}

/** Refuses a width of which no table of positions is made. */
export function checkPositioned({ hidden }: SharedExtents): void {
  if (hidden % 4 !== 0) throw invalid(`the model is ${hidden} wide, but the table of positions is made of quarters`);
}

/** What the tensors say, by the names that configs have for it. */
export function factsOf(extents: SharedExtents): Readonly<Record<string, unknown>> {
  const { patch, channels, outChannels, hidden, depth, heads, mlpHidden } = extents;
  return {
    patch_size: patch,
    in_channels: channels,
    out_channels: outChannels,
    hidden_size: hidden,
    depth,
    num_layers: depth,
    ff_inner_dim: mlpHidden,
    attention_head_dim: hidden / heads,
    learn_sigma: outChannels > channels,
  };
}

function invalid(message: string): ProCacheError {
  return new ProCacheError('invalid-model', message);
}
