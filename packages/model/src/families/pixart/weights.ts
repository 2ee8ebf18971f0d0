import { type BranchId, parseBranch } from '@procache/core';
import { type Linear, rows, type Weight } from '../../onnx/weight.ts';
import { type CrossAttention, crossAttentionLayers } from '../parts/cross-attention.ts';
import type { SharedExtents } from '../parts/extents.ts';
import type { Mlp } from '../parts/mlp.ts';
import { patchLinear } from '../parts/patches.ts';
import {
  fusedSelfAttention,
  type SelfAttention,
  selfAttentionLayers,
  splitSelfAttention,
} from '../parts/self-attention.ts';
import { type TimestepEmbedder, timestepEmbedder } from '../parts/timesteps.ts';
import { NameList, type WeightSource } from '../weight-finder.ts';
import { NULL_CAPTION, PIXART_NAMES, type PixArtFlavour } from './flavour.ts';

/** What tells the tensors of a PixArt before any of them is looked up. */
export interface PixArtOutline {
  readonly flavour: PixArtFlavour;
  readonly depth: number;
  /** Whether the model is told the size of an image and its ratio. */
  readonly seesSize: boolean;
}

/** The extents of the tensors of a PixArt. */
export interface PixArtExtents extends PixArtOutline, SharedExtents {
  /** Tokens of a caption, the padding included, and numbers of each. */
  readonly textTokens: number;
  readonly textWidth: number;
}

/** The weights of a PixArt under one set of names, whatever the flavour calls them. */
export interface PixArtWeights {
  /** [hidden, channels * patch * patch] */
  readonly patch: Linear;
  readonly time: TimestepEmbedder;
  /** What makes vectors of [height, width] and of their ratio, each hidden / 3 wide; absent where it is not told. */
  readonly size: { readonly extents: TimestepEmbedder; readonly ratio: TimestepEmbedder } | undefined;
  /** [6 * hidden, hidden]: shift, scale and gate of attn, then of mlp, before a block adds its own. */
  readonly modulation: Linear;
  readonly caption: Mlp;
  readonly blocks: readonly PixArtBlock[];
  /** [2, hidden]: shift, scale */
  readonly headTable: Weight;
  /** [patch * patch * outChannels, hidden] */
  readonly head: Linear;
}

export interface PixArtBlock {
  /** What is its own of the modulation, [6, hidden]. */
  readonly table: Weight;
  readonly attention: SelfAttention;
  readonly cross: CrossAttention;
  readonly mlp: Mlp;
}

/** The layers that a module multiplies by at each step. */
export function pixArtLayers({ blocks }: PixArtWeights, branch: BranchId): readonly Linear[] {
  const { block, module } = parseBranch(branch);
  const { attention, cross, mlp } = blocks[block]!;
  if (module === 'attn') return selfAttentionLayers(attention);
  return module === 'cross' ? crossAttentionLayers(cross) : [mlp.fc1, mlp.fc2];
}

/** Finds every tensor of a PixArt that its graphs use. */
export async function pixArtWeights(find: WeightSource, extents: PixArtExtents): Promise<PixArtWeights> {
  const { hidden, flavour, frequencies } = extents;
  const names = PIXART_NAMES[flavour];
  const blocks: PixArtBlock[] = [];
  for (let i = 0; i < extents.depth; i++) blocks.push(await blockOf(find, extents, `${names.blocks}.${i}`));
  const small = { width: hidden / 3, frequencies };
  return {
    patch: await patchLinear(find, names.patch, { ...extents, width: hidden }),
    time: await timestepEmbedder(find, names.timestep, { width: hidden, frequencies }),
    size: extents.seesSize
      ? {
          extents: await timestepEmbedder(find, names.size, small),
          ratio: await timestepEmbedder(find, names.ratio, small),
        }
      : undefined,
    modulation: await find.linear(names.modulation, 6 * hidden, hidden),
    caption: {
      fc1: await find.linear(names.caption[0], hidden, extents.textWidth),
      fc2: await find.linear(names.caption[1], hidden, hidden),
    },
    blocks,
    headTable: await find.weight(names.headTable, [2, hidden]),
    head: await find.linear(names.head, extents.patch ** 2 * extents.outChannels, hidden),
  };
}

async function blockOf(find: WeightSource, extents: PixArtExtents, at: string): Promise<PixArtBlock> {
  const { hidden, flavour, mlpHidden, heads } = extents;
  const [fc1, fc2] = PIXART_NAMES[flavour].mlp;
  return {
    table: await find.weight(`${at}.scale_shift_table`, [6, hidden]),
    attention:
      flavour === 'original'
        ? await fusedSelfAttention(find, `${at}.attn`, { width: hidden, heads, normsHeads: false })
        : await splitSelfAttention(find, `${at}.attn1`, hidden),
    cross: await (flavour === 'original' ? fusedCross(find, at, hidden) : splitCross(find, at, hidden)),
    mlp: {
      fc1: await find.linear(`${at}.${fc1}`, mlpHidden, hidden),
      fc2: await find.linear(`${at}.${fc2}`, hidden, mlpHidden),
    },
  };
}

/** The original keeps keys and values of captions in one tensor. */
async function fusedCross(find: WeightSource, at: string, width: number): Promise<CrossAttention> {
  const both = await find.linear(`${at}.cross_attn.kv_linear`, 2 * width, width);
  const half = (n: number): Linear => ({
    weight: rows(both.weight, n * width, width),
    bias: rows(both.bias, n * width, width),
  });
  return {
    query: await find.linear(`${at}.cross_attn.q_linear`, width, width),
    keys: half(0),
    values: half(1),
    projection: await find.linear(`${at}.cross_attn.proj`, width, width),
  };
}

async function splitCross(find: WeightSource, at: string, width: number): Promise<CrossAttention> {
  return {
    query: await find.linear(`${at}.attn2.to_q`, width, width),
    keys: await find.linear(`${at}.attn2.to_k`, width, width),
    values: await find.linear(`${at}.attn2.to_v`, width, width),
    projection: await find.linear(`${at}.attn2.to_out.0`, width, width),
  };
}

/** The names of all tensors that a PixArt has, of whatever extents. */
export async function pixArtTensorNames(outline: PixArtOutline): Promise<ReadonlySet<string>> {
  const list = new NameList();
  const one = { heads: 1, mlpHidden: 1, patch: 1, channels: 1, outChannels: 1, textTokens: 1, textWidth: 1 };
  await pixArtWeights(list, { ...outline, ...one, hidden: 12, frequencies: 2 });
  if (outline.flavour === 'original') list.names.add(NULL_CAPTION);
  return list.names;
}
