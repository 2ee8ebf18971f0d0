import { type BranchId, parseBranch } from '@procache/core';
import { inlineWeight, type Linear, reshaped, type Weight } from '../../onnx/weight.ts';
import type { Mlp } from '../parts/mlp.ts';
import { type PatchEmbedding, patchLinear } from '../parts/patches.ts';
import { positionTable } from '../parts/positions.ts';
import {
  fusedSelfAttention,
  type SelfAttention,
  selfAttentionLayers,
  splitSelfAttention,
} from '../parts/self-attention.ts';
import { type TimestepEmbedder, timestepEmbedder } from '../parts/timesteps.ts';
import { NameList, type WeightSource } from '../weight-finder.ts';
import type { DitExtents, DitOutline } from './config.ts';

/** The weights of a DiT under one set of names, whatever the flavour calls them. */
export interface DitWeights extends PatchEmbedding {
  readonly blocks: readonly DitBlock[];
  /** [2 * hidden, hidden]: shift, scale */
  readonly headModulation: Linear;
  /** [patch * patch * outChannels, hidden] */
  readonly head: Linear;
}

export interface DitBlock {
  readonly embedder: ConditionEmbedder;
  /** [6 * hidden, hidden]: shift, scale and gate of attn, then of mlp */
  readonly modulation: Linear;
  readonly attention: SelfAttention;
  readonly mlp: Mlp;
}

/** What turns a timestep and a label into a vector. The original has one; diffusers stores one per block. */
export interface ConditionEmbedder extends TimestepEmbedder {
  /** [labels, hidden] */
  readonly labels: Weight;
}

/** The layers that a module multiplies by. */
export function moduleLayers({ blocks }: DitWeights, branch: BranchId): readonly Linear[] {
  const { block, module } = parseBranch(branch);
  const { attention, mlp } = blocks[block]!;
  return module === 'attn' ? selfAttentionLayers(attention) : [mlp.fc1, mlp.fc2];
}

/** Finds every tensor of a DiT. */
export function ditWeights(find: WeightSource, extents: DitExtents): Promise<DitWeights> {
  return extents.flavour === 'original' ? originalWeights(find, extents) : diffusersWeights(find, extents);
}

/** The names of all tensors that a DiT has, of whatever extents. */
export async function ditTensorNames(outline: DitOutline): Promise<ReadonlySet<string>> {
  const list = new NameList();
  await ditWeights(list, {
    ...outline,
    hidden: 4,
    heads: 1,
    mlpHidden: 1,
    patch: 1,
    channels: 1,
    outChannels: 1,
    grid: [1, 1],
    labelRows: 1,
    frequencies: 2,
  });
  return list.names;
}

async function originalWeights(find: WeightSource, config: DitExtents): Promise<DitWeights> {
  const { hidden, heads, mlpHidden, depth, normsHeads, labelRows, frequencies } = config;
  const embedder: ConditionEmbedder = {
    ...(await timestepEmbedder(find, ['t_embedder.mlp.0', 't_embedder.mlp.2'], { width: hidden, frequencies })),
    labels: await find.weight('y_embedder.embedding_table.weight', [labelRows, hidden]),
  };
  const blocks: DitBlock[] = [];
  for (let i = 0; i < depth; i++) {
    const at = `blocks.${i}`;
    blocks.push({
      embedder,
      attention: await fusedSelfAttention(find, `${at}.attn`, { width: hidden, heads, normsHeads }),
      mlp: {
        fc1: await find.linear(`${at}.mlp.fc1`, mlpHidden, hidden),
        fc2: await find.linear(`${at}.mlp.fc2`, hidden, mlpHidden),
      },
      modulation: await find.linear(`${at}.adaLN_modulation.1`, 6 * hidden, hidden),
    });
  }
  const tokens = config.grid[0] * config.grid[1];
  return {
    patch: await patchLinear(find, 'x_embedder.proj', { ...config, width: hidden }),
    positions: reshaped(await find.weight('pos_embed', [1, tokens, hidden]), [tokens, hidden]),
    blocks,
    headModulation: await find.linear('final_layer.adaLN_modulation.1', 2 * hidden, hidden),
    head: await find.linear('final_layer.linear', config.patch ** 2 * config.outChannels, hidden),
  };
}

async function diffusersWeights(find: WeightSource, config: DitExtents): Promise<DitWeights> {
  const { hidden, mlpHidden, depth, frequencies } = config;
  const blocks: DitBlock[] = [];
  for (let i = 0; i < depth; i++) {
    const at = `transformer_blocks.${i}`;
    const [first, second] = [1, 2].map((n) => `${at}.norm1.emb.timestep_embedder.linear_${n}`) as [string, string];
    blocks.push({
      embedder: {
        ...(await timestepEmbedder(find, [first, second], { width: hidden, frequencies })),
        labels: await find.weight(`${at}.norm1.emb.class_embedder.embedding_table.weight`, [config.labelRows, hidden]),
      },
      modulation: await find.linear(`${at}.norm1.linear`, 6 * hidden, hidden),
      attention: await splitSelfAttention(find, `${at}.attn1`, hidden),
      mlp: {
        fc1: await find.linear(`${at}.ff.net.0.proj`, mlpHidden, hidden),
        fc2: await find.linear(`${at}.ff.net.2`, hidden, mlpHidden),
      },
    });
  }
  return {
    patch: await patchLinear(find, 'pos_embed.proj', { ...config, width: hidden }),
    positions: inlineWeight(positionTable(config.grid, hidden), [config.grid[0] * config.grid[1], hidden]),
    blocks,
    headModulation: await find.linear('proj_out_1', 2 * hidden, hidden),
    head: await find.linear('proj_out_2', config.patch ** 2 * config.outChannels, hidden),
  };
}
