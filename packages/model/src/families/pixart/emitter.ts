import { type BranchId, parseBranch } from '@procache/core';
import type { ContextTensor, Emitter, ModuleCall, ModuleResult, ModulationOwner } from '../../graphs/emitter.ts';
import { asRows, gelu, linear, silu } from '../../graphs/layers.ts';
import type { GraphBuilder, Value } from '../../onnx/graph-builder.ts';
import { inlineWeight, reshaped, type Weight } from '../../onnx/weight.ts';
import { crossAttention, crossContext } from '../parts/cross-attention.ts';
import { mlp } from '../parts/mlp.ts';
import { modulated, shiftOf, shiftOfHead } from '../parts/modulated.ts';
import { embedPatches, imageOfTokens, type PatchGrid } from '../parts/patches.ts';
import { positionTable } from '../parts/positions.ts';
import { selfAttention } from '../parts/self-attention.ts';
import { TEXT } from '../parts/texts.ts';
import { embedTimesteps, timestepEmbeddings } from '../parts/timesteps.ts';
import type { PixArtConfig } from './config.ts';
import type { PixArtWeights } from './weights.ts';

/** What the modulations are made of: embeddings of timesteps, [rows, frequencies]. */
export const TIMESTEPS = 'timesteps';

/** The epsilon of the normalisation before the head. */
const HEAD_EPSILON = 1e-6;

/**
 * Writes the blocks of a PixArt (Chen et al., 2023) as graph operations: adaLN-single, one modulation for all blocks to
 * which each adds its own; attention to the caption without a normalisation before it, and without a gate.
 */
export class PixArtEmitter implements Emitter {
  readonly #config: PixArtConfig;
  readonly #weights: PixArtWeights;
  readonly #grid: PatchGrid;
  readonly #positions: Weight;

  constructor(config: PixArtConfig, weights: PixArtWeights) {
    this.#config = config;
    this.#weights = weights;
    const { grid, hidden, spacing } = config;
    this.#grid = { rows: grid[0], columns: grid[1], patch: config.patch };
    this.#positions = inlineWeight(positionTable(grid, hidden, spacing), [grid[0] * grid[1], hidden]);
  }

  embed(g: GraphBuilder, latent: Value): Value {
    return embedPatches(g, latent, { patch: this.#weights.patch, positions: this.#positions }, this.#grid);
  }

  module(g: GraphBuilder, branch: BranchId, calls: readonly ModuleCall[]): readonly ModuleResult[] {
    const { block, module } = parseBranch(branch);
    const own = this.#weights.blocks[block]!;
    const { hidden: width, heads, epsilon, activation, textTokens } = this.#config;
    const tokens = this.#grid.rows * this.#grid.columns;
    if (module === 'cross')
      return crossAttention(g, { branch, calls }, own.cross, { tokens, width, heads, textTokens });
    const shape = { tokens, width, shift: shiftOf(branch), epsilon };
    return module === 'attn'
      ? selfAttention(g, calls, own.attention, { ...shape, heads })
      : mlp(g, calls, own.mlp, { ...shape, activation });
  }

  head(g: GraphBuilder, x: Value, modulation: Value): Value {
    const { hidden: width, outChannels: channels, depth } = this.#config;
    const tokens = modulated(g, x, modulation, { shift: shiftOfHead(depth), width, epsilon: HEAD_EPSILON });
    return imageOfTokens(g, tokens, this.#weights.head, { ...this.#grid, channels });
  }

  modulations(g: GraphBuilder, rows: string, owners: readonly ModulationOwner[]): Value {
    const { blocks, headTable, modulation } = this.#weights;
    const { frequencies, hidden } = this.#config;
    const embedded = embedTimesteps(g, g.input(TIMESTEPS, 'float32', [rows, frequencies]), this.#weights.time);
    const time = this.#withSize(g, embedded);
    const shared = owners.some((owner) => owner !== 'head') ? linear(g, silu(g, time), modulation) : undefined;
    const each = owners.map((owner) =>
      owner === 'head'
        ? g.op('Add', [g.op('Concat', [time, time], { axis: 1 }), g.weight(reshaped(headTable, [2 * hidden]))])
        : g.op('Add', [shared!, g.weight(reshaped(blocks[owner]!.table, [6 * hidden]))]),
    );
    return g.op('Concat', each, { axis: 1 });
  }

  contexts(g: GraphBuilder, texts: string, contexts: readonly ContextTensor[]): readonly Value[] {
    const { textTokens, textWidth } = this.#config;
    const { fc1, fc2 } = this.#weights.caption;
    const text = asRows(g, g.input(TEXT, 'float32', [texts, textTokens, textWidth]), textWidth);
    const captions = linear(g, gelu(g, linear(g, text, fc1)), fc2); // [texts * tokens, width]
    const layersOf = (branch: BranchId) => this.#weights.blocks[parseBranch(branch).block]!.cross;
    return contexts.map((context) => crossContext(g, captions, context, layersOf));
  }

  /** What a model that is told an image's size adds to each timestep: [rows, hidden] -> [rows, hidden] */
  #withSize(g: GraphBuilder, time: Value): Value {
    const { size } = this.#weights;
    const { frequencies, hidden, told } = this.#config;
    if (!size || !told) return time;
    const [height, width] = told;
    const embeddings = (values: readonly number[]): Value =>
      g.weight(inlineWeight(timestepEmbeddings(values, frequencies, 0), [values.length, frequencies]));
    const extents = embedTimesteps(g, embeddings([height, width]), size.extents); // [2, hidden / 3]
    const ratio = embedTimesteps(g, embeddings([height / width]), size.ratio); // [1, hidden / 3]
    const all = g.op('Reshape', [g.op('Concat', [extents, ratio], { axis: 0 }), g.integers([1, hidden])]);
    return g.op('Add', [time, all]);
  }
}
