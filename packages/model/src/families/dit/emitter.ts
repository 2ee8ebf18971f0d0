import { type BranchId, parseBranch } from '@procache/core';
import type { Emitter, ModulationOwner, ModuleCall, ModuleResult } from '../../graphs/emitter.ts';
import {
  asRows,
  attend,
  attentionReceived,
  entry,
  exactGelu,
  gelu,
  jointly,
  layerNorm,
  linear,
  lookUp,
  modulate,
  scaledNorm,
  silu,
} from '../../graphs/layers.ts';
import type { GraphBuilder, Value } from '../../onnx/graph-builder.ts';
import type { Linear } from '../../onnx/weight.ts';
import type { Activation } from './arithmetic.ts';
import type { DitConfig } from './config.ts';
import type { ConditionEmbedder, DitBlock, DitWeights } from './weights.ts';

/** The epsilon of all normalisations of the stream but diffusers' one before the MLP. */
const EPSILON = 1e-6;

/** The epsilon of the normalisation of heads, torch's own. */
const HEAD_EPSILON = 1e-5;

const ACTIVATIONS: Readonly<Record<Activation, (g: GraphBuilder, x: Value) => Value>> = {
  'gelu-tanh': gelu,
  gelu: exactGelu,
  silu,
};

/** Vectors of one block in the modulation: shift, scale and gate of attn, then of mlp. */
export const ENTRIES_PER_BLOCK = 6;

/** Writes the blocks of a DiT (Peebles and Xie, 2023, adaLN-Zero) as graph operations. */
export class DitEmitter implements Emitter {
  readonly #config: DitConfig;
  readonly #weights: DitWeights;
  /** Patches along each side of the image. */
  readonly #side: number;

  constructor(config: DitConfig, weights: DitWeights) {
    this.#config = config;
    this.#weights = weights;
    this.#side = config.size / config.patch;
  }

  embed(g: GraphBuilder, latent: Value): Value {
    const { channels, patch } = this.#config;
    const pixels = g.op('Reshape', [latent, g.integers([-1, channels, this.#side, patch, this.#side, patch])]);
    // [images, side, side, channels, patch, patch]
    const patches = g.op('Transpose', [pixels], { perm: [0, 2, 4, 1, 3, 5] });
    const embedded = linear(g, asRows(g, patches, channels * patch * patch), this.#weights.patch);
    return g.op('Add', [this.#asTokens(g, embedded), g.weight(this.#weights.positions)]);
  }

  module(g: GraphBuilder, branch: BranchId, calls: readonly ModuleCall[]): readonly ModuleResult[] {
    const { block, module } = parseBranch(branch);
    const own = this.#weights.blocks[block]!;
    const first = block * ENTRIES_PER_BLOCK;
    return module === 'attn' ? this.#attention(g, calls, own, first) : this.#mlp(g, calls, own, first + 3);
  }

  head(g: GraphBuilder, x: Value, modulation: Value): Value {
    const { patch, outChannels, givenChannels, size } = this.#config;
    const first = this.#weights.blocks.length * ENTRIES_PER_BLOCK;
    const rows = this.#normalised(g, x, modulation, { first, epsilon: EPSILON });
    const pixels = linear(g, rows, this.#weights.head);
    const all = g.op('Reshape', [pixels, g.integers([-1, this.#side, this.#side, patch, patch, outChannels])]);
    const patches =
      givenChannels < outChannels ? g.op('Slice', [all, ...[0, givenChannels, 5].map((n) => g.integers([n]))]) : all;
    // [images, channels, side, patch, side, patch]
    const image = g.op('Transpose', [patches], { perm: [0, 5, 1, 3, 2, 4] });
    return g.op('Reshape', [image, g.integers([-1, givenChannels, size, size])]);
  }

  conditioning(g: GraphBuilder, rows: string, owners: readonly ModulationOwner[]): Value {
    const timesteps = g.input(TIMESTEPS, 'float32', [rows, this.#config.frequencies]);
    const labels = g.input(LABELS, 'int64', [rows]);
    const conditions = new Map<ConditionEmbedder, Value>();
    const conditionOf = (embedder: ConditionEmbedder): Value => {
      const known = conditions.get(embedder) ?? condition(g, embedder, { timesteps, labels });
      conditions.set(embedder, known);
      return known;
    };
    const modulations = owners.map((owner) => {
      const { embedder, modulation } = this.#weights.blocks[owner === 'head' ? 0 : owner]!;
      return linear(g, conditionOf(embedder), owner === 'head' ? this.#weights.headModulation : modulation);
    });
    return g.op('Concat', modulations, { axis: 1 });
  }

  #attention(g: GraphBuilder, calls: readonly ModuleCall[], own: DitBlock, first: number): readonly ModuleResult[] {
    const { hidden, heads } = this.#config;
    const all = calls.map(({ x, modulation }) => this.#normalised(g, x, modulation, { first, epsilon: EPSILON }));
    const wanted = calls.map(({ rows }, i) =>
      rows ? g.op('Gather', [all[i]!, g.op('Reshape', [rows, g.integers([-1])])], { axis: 0 }) : all[i]!,
    );
    const project = (parts: readonly Value[], weights: Linear) => jointly(g, parts, (rows) => linear(g, rows, weights));
    const v = project(all, own.value);
    const [q, k] = [
      this.#perHead(g, project(wanted, own.query), own.queryNorm),
      this.#perHead(g, project(all, own.key), own.keyNorm),
    ];
    const attended = calls.map(({ rows }, i) => {
      const queries = rows && g.op('Shape', [rows]);
      return attend(g, [q[i]!, k[i]!, v[i]!], { heads, width: hidden, tokens: this.#side ** 2, queries });
    });
    const features = project(
      attended.map(({ output }) => output),
      own.projection,
    );
    return calls.map((call, i): ModuleResult => {
      if (call.rows) return { feature: features[i]! };
      const score = this.#attentionScore(g, call, attended[i]!.map, v[i]!);
      return { feature: this.#asTokens(g, features[i]!), ...(score && { score }) };
    });
  }

  /** Queries or keys, [rows, hidden], normalised head by head where the model does so. */
  #perHead(g: GraphBuilder, parts: readonly Value[], norm: Linear | undefined): readonly Value[] {
    const { hidden, heads } = this.#config;
    if (!norm) return parts;
    return parts.map((part) => asRows(g, scaledNorm(g, asRows(g, part, hidden / heads), norm, HEAD_EPSILON), hidden));
  }

  #attentionScore(g: GraphBuilder, { observe }: ModuleCall, map: Value, v: Value): Value | undefined {
    if (observe === 'attention') return attentionReceived(g, map, this.#config.heads);
    if (observe !== 'value-norm') return undefined;
    return g.op('ReduceL2', [this.#asTokens(g, v), g.integers([-1])], { keepdims: 0 });
  }

  #mlp(g: GraphBuilder, calls: readonly ModuleCall[], own: DitBlock, first: number): readonly ModuleResult[] {
    const { hidden, mlpEpsilon, activation } = this.#config;
    const normalised = calls.map(({ x, modulation, rows }) => {
      const tokens = rows ? g.op('Gather', [asRows(g, x, hidden), rows], { axis: 0 }) : x; // [images, count, hidden]
      return this.#normalised(g, tokens, modulation, { first, epsilon: mlpEpsilon });
    });
    const features = jointly(g, normalised, (rows) =>
      linear(g, ACTIVATIONS[activation](g, linear(g, rows, own.fc1)), own.fc2),
    );
    return calls.map(({ rows }, i) => ({ feature: rows ? features[i]! : this.#asTokens(g, features[i]!) }));
  }

  /**
   * Normalised, then shifted and scaled by the vectors at `first` and `first + 1`: [images, count, hidden] -> [images *
   * count, hidden]
   */
  #normalised(
    g: GraphBuilder,
    x: Value,
    modulation: Value,
    { first, epsilon }: { readonly first: number; readonly epsilon: number },
  ): Value {
    const normed = layerNorm(g, x, this.#config.hidden, epsilon);
    return asRows(
      g,
      modulate(g, normed, entry(g, modulation, first), entry(g, modulation, first + 1)),
      this.#config.hidden,
    );
  }

  /** [images * tokens, hidden] -> [images, tokens, hidden] */
  #asTokens(g: GraphBuilder, rows: Value): Value {
    return g.op('Reshape', [rows, g.integers([-1, this.#side ** 2, this.#config.hidden])]);
  }
}

/** What the conditioning takes: embeddings of timesteps, [rows, frequencies], and labels, [rows]. */
export const TIMESTEPS = 'timesteps';
export const LABELS = 'labels';

interface ConditionRows {
  readonly timesteps: Value;
  readonly labels: Value;
}

/** SiLU of the sum of the timestep's and the label's embedding: what every adaLN layer takes, [rows, hidden]. */
function condition(g: GraphBuilder, embedder: ConditionEmbedder, { timesteps, labels }: ConditionRows): Value {
  const time = linear(g, silu(g, linear(g, timesteps, embedder.timestep1)), embedder.timestep2);
  return silu(g, g.op('Add', [time, lookUp(g, embedder.labels, labels)]));
}
