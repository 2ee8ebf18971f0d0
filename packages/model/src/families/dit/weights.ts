import { type BranchId, parseBranch } from '@procache/core';
import { inlineWeight, type Linear, reshaped, rows, type Weight } from '../../onnx/weight.ts';
import { NameList, type WeightSource } from '../weight-finder.ts';
import type { DitExtents, DitOutline } from './config.ts';
import { positionTable } from './positions.ts';

/** The weights of a DiT under one set of names, whatever the flavour calls them. */
export interface DitWeights {
  /** [hidden, channels * patch * patch] */
  readonly patch: Linear;
  /** [tokens, hidden] */
  readonly positions: Weight;
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
  readonly query: Linear;
  readonly key: Linear;
  readonly value: Linear;
  /** Scale and shift of the normalisation of each head's queries, [hidden / heads], where there is one. */
  readonly queryNorm: Linear | undefined;
  readonly keyNorm: Linear | undefined;
  readonly projection: Linear;
  readonly fc1: Linear;
  readonly fc2: Linear;
}

/** What turns a timestep and a label into a vector. The original has one; diffusers stores one per block. */
export interface ConditionEmbedder {
  readonly timestep1: Linear;
  readonly timestep2: Linear;
  /** [labels, hidden] */
  readonly labels: Weight;
}

/** The layers that a module multiplies by. */
export function moduleWeights({ blocks }: DitWeights, branch: BranchId): readonly Linear[] {
  const { block, module } = parseBranch(branch);
  const { query, key, value, queryNorm, keyNorm, projection, fc1, fc2 } = blocks[block]!;
  return module === 'attn'
    ? [query, key, value, queryNorm, keyNorm, projection].filter((layer) => layer !== undefined)
    : [fc1, fc2];
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
    size: 1,
    labelRows: 1,
    frequencies: 2,
  });
  return list.names;
}

async function originalWeights(find: WeightSource, config: DitExtents): Promise<DitWeights> {
  const { hidden, heads, mlpHidden, depth, normsHeads } = config;
  const norm = (name: string) => (normsHeads ? headNorm(find, name, hidden / heads) : undefined);
  const embedder: ConditionEmbedder = {
    timestep1: await find.linear('t_embedder.mlp.0', hidden, config.frequencies),
    timestep2: await find.linear('t_embedder.mlp.2', hidden, hidden),
    labels: await find.weight('y_embedder.embedding_table.weight', [config.labelRows, hidden]),
  };
  const blocks: DitBlock[] = [];
  for (let i = 0; i < depth; i++) {
    const qkv = await find.linear(`blocks.${i}.attn.qkv`, 3 * hidden, hidden);
    const third = (n: number): Linear => ({
      weight: rows(qkv.weight, n * hidden, hidden),
      bias: rows(qkv.bias, n * hidden, hidden),
    });
    blocks.push({
      embedder,
      modulation: await find.linear(`blocks.${i}.adaLN_modulation.1`, 6 * hidden, hidden),
      query: third(0),
      key: third(1),
      value: third(2),
      queryNorm: await norm(`blocks.${i}.attn.q_norm`),
      keyNorm: await norm(`blocks.${i}.attn.k_norm`),
      projection: await find.linear(`blocks.${i}.attn.proj`, hidden, hidden),
      fc1: await find.linear(`blocks.${i}.mlp.fc1`, mlpHidden, hidden),
      fc2: await find.linear(`blocks.${i}.mlp.fc2`, hidden, mlpHidden),
    });
  }
  const tokens = (config.size / config.patch) ** 2;
  return {
    patch: await patchLinear(find, 'x_embedder.proj', config),
    positions: reshaped(await find.weight('pos_embed', [1, tokens, hidden]), [tokens, hidden]),
    blocks,
    headModulation: await find.linear('final_layer.adaLN_modulation.1', 2 * hidden, hidden),
    head: await find.linear('final_layer.linear', config.patch ** 2 * config.outChannels, hidden),
  };
}

async function diffusersWeights(find: WeightSource, config: DitExtents): Promise<DitWeights> {
  const { hidden, mlpHidden, depth } = config;
  const blocks: DitBlock[] = [];
  for (let i = 0; i < depth; i++) {
    const at = `transformer_blocks.${i}`;
    blocks.push({
      embedder: {
        timestep1: await find.linear(`${at}.norm1.emb.timestep_embedder.linear_1`, hidden, config.frequencies),
        timestep2: await find.linear(`${at}.norm1.emb.timestep_embedder.linear_2`, hidden, hidden),
        labels: await find.weight(`${at}.norm1.emb.class_embedder.embedding_table.weight`, [config.labelRows, hidden]),
      },
      modulation: await find.linear(`${at}.norm1.linear`, 6 * hidden, hidden),
      query: await find.linear(`${at}.attn1.to_q`, hidden, hidden),
      key: await find.linear(`${at}.attn1.to_k`, hidden, hidden),
      value: await find.linear(`${at}.attn1.to_v`, hidden, hidden),
      queryNorm: undefined,
      keyNorm: undefined,
      projection: await find.linear(`${at}.attn1.to_out.0`, hidden, hidden),
      fc1: await find.linear(`${at}.ff.net.0.proj`, mlpHidden, hidden),
      fc2: await find.linear(`${at}.ff.net.2`, hidden, mlpHidden),
    });
  }
  const side = config.size / config.patch;
  return {
    patch: await patchLinear(find, 'pos_embed.proj', config),
    positions: inlineWeight(positionTable(side, hidden), [side * side, hidden]),
    blocks,
    headModulation: await find.linear('proj_out_1', 2 * hidden, hidden),
    head: await find.linear('proj_out_2', config.patch ** 2 * config.outChannels, hidden),
  };
}

/** A convolution whose stride is its kernel is a linear layer over the pixels of a patch. */
async function patchLinear(find: WeightSource, name: string, { hidden, channels, patch }: DitExtents): Promise<Linear> {
  const weight = await find.weight(`${name}.weight`, [hidden, channels, patch, patch]);
  return {
    weight: reshaped(weight, [hidden, channels * patch * patch]),
    bias: await find.weight(`${name}.bias`, [hidden]),
  };
}

/** The scale and the shift of a normalisation, one number of each for each of a head's. */
async function headNorm(find: WeightSource, name: string, width: number): Promise<Linear> {
  return { weight: await find.weight(`${name}.weight`, [width]), bias: await find.weight(`${name}.bias`, [width]) };
}
