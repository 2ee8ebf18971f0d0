import { ProCacheError } from '../errors.ts';
import { type Branch, roleOf, tokensOf, type Topology } from '../topology.ts';
import { integerOf, nameOf, numberOf } from '../untrusted/json-reader.ts';
import { checkOptions, type Fields } from '../untrusted/options.ts';
import type { ModelCost } from './cost.ts';

/**
 * The sizes of a diffusion transformer of the DiT kind: self-attention, MLPs, and cross-attention where it takes text.
 */
export interface TransformerSizes {
  readonly topology: Topology;
  /** Channels of the residual stream. */
  readonly hidden: number;
  /** Width of the MLP by that of the stream; 4 by default. */
  readonly mlpRatio?: number;
  /** Side of a patch, in pixels of the latent. */
  readonly patch: number;
  readonly channels: number;
  readonly outChannels: number;
  /**
   * Where the shifts, scales and gates come from: a linear layer in every block (adaLN-zero, DiT), or
   * one for all of them (adaLN-single, PixArt).
   */
  readonly modulation: 'per-block' | 'shared';
  /** Tokens of the caption, where there is cross-attention. */
  readonly textTokens?: number;
  readonly weightBytes: number;
  /** Bytes of one number of a stored feature; 4, float32, by default. */
  readonly bytesPerNumber?: number;
}

/**
 * The cost of a transformer from its sizes, after Peebles and Xie, 2023 (DiT), Sec. 3.2.
 *
 * Linear layers and attention products only, as the published counts do. Attention that is evaluated for some
 * tokens still needs the keys and values of all; text keys and values are made once per
 * generation. Head and conditioning include the time-dependent linear layers, but not the
 * embedding of time and label, which is negligible.
 */
export function transformerCost(sizes: TransformerSizes): ModelCost {
  checkSizes(sizes);
  const { topology, hidden, mlpRatio = 4, patch, channels, outChannels, textTokens = 0, bytesPerNumber = 4 } = sizes;
  const [tokens, square] = [tokensOf(topology), hidden * hidden];
  const crossed = topology.blocks.flat().filter((module) => roleOf(topology, module) === 'cross').length;
  return {
    topology,
    moduleMultiplyAdds: ({ block, module }: Pick<Branch, 'block' | 'module'>, count: number) => {
      switch (roleOf(topology, module)) {
        case 'self': // queries and projection of some tokens, keys and values of all, then two products
          return 2 * count * square + 2 * tokens * square + 2 * count * tokens * hidden;
        case 'cross':
          return 2 * count * square + 2 * count * textTokens * hidden;
        case 'mlp':
          return 2 * count * mlpRatio * square;
        case 'fused':
          throw new ProCacheError(
            'invalid-model',
            `the cost of module "${module}" of block ${block} is not known ` +
              `(known are self-attention, cross-attention and MLPs)`,
          );
      }
    },
    embedding: tokens * hidden * channels * patch * patch,
    head: tokens * hidden * outChannels * patch * patch + (sizes.modulation === 'per-block' ? 2 * square : 0),
    conditioning: 6 * square * (sizes.modulation === 'per-block' ? topology.blocks.length : 1),
    preparation: crossed * 2 * textTokens * square,
    featureBytes: tokens * hidden * bytesPerNumber,
    weightBytes: sizes.weightBytes,
  };
}

const FIELDS: Fields<TransformerSizes> = {
  topology: true,
  hidden: true,
  mlpRatio: true,
  patch: true,
  channels: true,
  outChannels: true,
  modulation: true,
  textTokens: true,
  weightBytes: true,
  bytesPerNumber: true,
};

function checkSizes(sizes: TransformerSizes): void {
  checkOptions('sizes', sizes, FIELDS);
  const placed = (key: keyof TransformerSizes) => ({
    value: sizes[key],
    place: `sizes.${key}`,
    code: 'invalid-input' as const,
  });
  for (const key of ['hidden', 'patch', 'channels', 'outChannels'] as const) integerOf(placed(key), 1);
  for (const key of ['mlpRatio', 'textTokens', 'bytesPerNumber'] as const)
    if (sizes[key] !== undefined) numberOf(placed(key), 0, Infinity);
  numberOf(placed('weightBytes'), 0, Infinity);
  nameOf(placed('modulation'), ['per-block', 'shared']);
}
