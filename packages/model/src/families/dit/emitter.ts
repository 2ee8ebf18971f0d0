import { type BranchId, parseBranch } from '@procache/core';
import type { Emitter, ModulationOwner, ModuleCall, ModuleResult } from '../../graphs/emitter.ts';
import { linear, lookUp, silu } from '../../graphs/layers.ts';
import type { GraphBuilder, Value } from '../../onnx/graph-builder.ts';
import { mlp } from '../parts/mlp.ts';
import { modulated, shiftOf, shiftOfHead } from '../parts/modulated.ts';
import { embedPatches, imageOfTokens, type PatchGrid } from '../parts/patches.ts';
import { selfAttention } from '../parts/self-attention.ts';
import { embedTimesteps } from '../parts/timesteps.ts';
import type { DitConfig } from './config.ts';
import type { ConditionEmbedder, DitWeights } from './weights.ts';

/** The epsilon of all normalisations of the stream but diffusers' one before the MLP. */
const EPSILON = 1e-6;

/** Writes the blocks of a DiT (Peebles and Xie, 2023, adaLN-Zero) as graph operations. */
export class DitEmitter implements Emitter {
  readonly #config: DitConfig;
  readonly #weights: DitWeights;
  readonly #grid: PatchGrid;

  constructor(config: DitConfig, weights: DitWeights) {
    this.#config = config;
    this.#weights = weights;
    const [rows, columns] = config.grid;
    this.#grid = { rows, columns, patch: config.patch };
  }

  embed(g: GraphBuilder, latent: Value): Value {
    return embedPatches(g, latent, this.#weights, this.#grid);
  }

  module(g: GraphBuilder, branch: BranchId, calls: readonly ModuleCall[]): readonly ModuleResult[] {
    const { block, module } = parseBranch(branch);
    const { attention, mlp: layers } = this.#weights.blocks[block]!;
    const { hidden: width, heads, mlpEpsilon, activation } = this.#config;
    const shape = { tokens: this.#grid.rows * this.#grid.columns, width, shift: shiftOf(branch) };
    return module === 'attn'
      ? selfAttention(g, calls, attention, { ...shape, heads, epsilon: EPSILON })
      : mlp(g, calls, layers, { ...shape, activation, epsilon: mlpEpsilon });
  }

  head(g: GraphBuilder, x: Value, modulation: Value): Value {
    const { hidden: width, givenChannels: channels } = this.#config;
    const shift = shiftOfHead(this.#weights.blocks.length);
    const tokens = modulated(g, x, modulation, { shift, width, epsilon: EPSILON });
    return imageOfTokens(g, tokens, this.#weights.head, { ...this.#grid, channels });
  }

  modulations(g: GraphBuilder, rows: string, owners: readonly ModulationOwner[]): Value {
    const timesteps = g.input(TIMESTEPS, 'float32', [rows, this.#config.frequencies]);
    const labels = g.input(LABELS, 'int64', [rows]);
    const conditions = new Map<ConditionEmbedder, Value>();
    const conditionOf = (embedder: ConditionEmbedder): Value => {
      const known = conditions.get(embedder) ?? condition(g, embedder, { timesteps, labels });
      conditions.set(embedder, known);
      return known;
    };
    const each = owners.map((owner) => {
      const { embedder, modulation } = this.#weights.blocks[owner === 'head' ? 0 : owner]!;
      return linear(g, conditionOf(embedder), owner === 'head' ? this.#weights.headModulation : modulation);
    });
    return g.op('Concat', each, { axis: 1 });
  }
}

/** What the modulations are made of: embeddings of timesteps, [rows, frequencies], and labels, [rows]. */
export const TIMESTEPS = 'timesteps';
export const LABELS = 'labels';

interface ConditionRows {
  readonly timesteps: Value;
  readonly labels: Value;
}

/** SiLU of the sum of the timestep's and the label's embedding: what every adaLN layer takes, [rows, hidden]. */
function condition(g: GraphBuilder, embedder: ConditionEmbedder, { timesteps, labels }: ConditionRows): Value {
  const time = embedTimesteps(g, timesteps, embedder);
  return silu(g, g.op('Add', [time, lookUp(g, embedder.labels, labels)]));
}
