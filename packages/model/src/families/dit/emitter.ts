import { parseBranch } from '@procache/core';
import type { Emitter, ModuleCall, ModuleResult } from '../../graphs/emitter.ts';
import { asRows, attend, attentionReceived, entry, gelu, layerNorm, linear, lookUp, modulate, silu } from '../../graphs/layers.ts';
import type { GraphBuilder, Value } from '../../onnx/graph-builder.ts';
import type { DitConfig } from './config.ts';
import type { ConditionEmbedder, DitBlock, DitWeights } from './weights.ts';

/** The epsilon of all normalisations but diffusers' one before the MLP. */
const EPSILON = 1e-6;

/** Vectors of one block in the modulation: shift, scale and gate of attn, then of mlp. */
export const ENTRIES_PER_BLOCK = 6;

/** Writes the blocks of a DiT (Peebles and Xie, 2023, adaLN-Zero) as graph operations. */
export function ditEmitter(config: DitConfig, weights: DitWeights): Emitter {
  const { hidden, patch, channels, outChannels, size } = config;
  const side = size / patch;
  const shape = { heads: config.heads, width: hidden, tokens: side * side };

  return {
    embed(g, latent) {
      const pixels = g.op('Reshape', [latent, g.integers([-1, channels, side, patch, side, patch])]);
      const patches = g.op('Transpose', [pixels], { perm: [0, 2, 4, 1, 3, 5] }); // [images, side, side, channels, patch, patch]
      const embedded = linear(g, asRows(g, patches, channels * patch * patch), weights.patch);
      const tokens = g.op('Reshape', [embedded, g.integers([-1, shape.tokens, hidden])]); // [images, tokens, hidden]
      return g.op('Add', [tokens, g.weight(weights.positions)]);
    },

    module(g, call) {
      const { block, module } = parseBranch(call.branch);
      const own = weights.blocks[block]!;
      return module === 'attn' ? attention(g, call, own, block) : mlp(g, call, own, block);
    },

    head(g, x, modulation) {
      const first = weights.blocks.length * ENTRIES_PER_BLOCK;
      const normed = modulate(g, layerNorm(g, x, hidden, EPSILON), entry(g, modulation, first), entry(g, modulation, first + 1));
      const pixels = linear(g, asRows(g, normed, hidden), weights.head);
      const patches = g.op('Reshape', [pixels, g.integers([-1, side, side, patch, patch, outChannels])]);
      const image = g.op('Transpose', [patches], { perm: [0, 5, 1, 3, 2, 4] }); // [images, outChannels, side, patch, side, patch]
      return g.op('Reshape', [image, g.integers([-1, outChannels, size, size])]);
    },

    conditioning(g, timesteps, labels) {
      const conditions = new Map<ConditionEmbedder, Value>();
      const conditionOf = (embedder: ConditionEmbedder): Value => {
        const known = conditions.get(embedder) ?? condition(g, embedder, timesteps, labels);
        conditions.set(embedder, known);
        return known;
      };
      const blocks = weights.blocks.map(({ embedder, modulation }) => linear(g, conditionOf(embedder), modulation));
      const head = linear(g, conditionOf(weights.blocks[0]!.embedder), weights.headModulation);
      return g.op('Concat', [...blocks, head], { axis: 1 });
    },
  };

  /** The rows that are wanted, normalised and modulated by the vectors at `first` and `first + 1`. */
  function normalised(g: GraphBuilder, x: Value, { modulation }: ModuleCall, first: number, epsilon: number): Value {
    const normed = modulate(g, layerNorm(g, x, hidden, epsilon), entry(g, modulation, first), entry(g, modulation, first + 1));
    return asRows(g, normed, hidden);
  }

  function attention(g: GraphBuilder, call: ModuleCall, own: DitBlock, block: number): ModuleResult {
    const first = block * ENTRIES_PER_BLOCK;
    const all = normalised(g, call.x, call, first, EPSILON);
    const wanted = call.rows ? g.op('Gather', [all, g.op('Reshape', [call.rows, g.integers([-1])])], { axis: 0 }) : all;
    const [q, k, v] = [linear(g, wanted, own.query), linear(g, all, own.key), linear(g, all, own.value)];
    const { output, map } = attend(g, q, k, v, shape, call.rows && g.op('Shape', [call.rows]));
    const feature = linear(g, output, own.projection);
    if (call.rows) return { feature };
    const score = attentionScore(g, call, map, v);
    return { feature: g.op('Reshape', [feature, g.integers([-1, shape.tokens, hidden])]), ...(score && { score }) };
  }

  function attentionScore(g: GraphBuilder, { observe }: ModuleCall, map: Value, v: Value): Value | undefined {
    if (observe === 'attention') return attentionReceived(g, map, shape.heads);
    if (observe !== 'value-norm') return undefined;
    const values = g.op('Reshape', [v, g.integers([-1, shape.tokens, hidden])]);
    return g.op('ReduceL2', [values, g.integers([-1])], { keepdims: 0 });
  }

  function mlp(g: GraphBuilder, call: ModuleCall, own: DitBlock, block: number): ModuleResult {
    const first = block * ENTRIES_PER_BLOCK + 3;
    const tokens = call.rows ? g.op('Gather', [asRows(g, call.x, hidden), call.rows], { axis: 0 }) : call.x; // [images, count, hidden]
    const rows = normalised(g, tokens, call, first, config.mlpEpsilon);
    const feature = linear(g, gelu(g, linear(g, rows, own.fc1)), own.fc2);
    return { feature: call.rows ? feature : g.op('Reshape', [feature, g.integers([-1, shape.tokens, hidden])]) };
  }
}

/** SiLU of the sum of the timestep's and the label's embedding: what every adaLN layer takes, [rows, hidden]. */
function condition(g: GraphBuilder, embedder: ConditionEmbedder, timesteps: Value, labels: Value): Value {
  const time = linear(g, silu(g, linear(g, timesteps, embedder.timestep1)), embedder.timestep2);
  return silu(g, g.op('Add', [time, lookUp(g, embedder.labels, labels)]));
}
