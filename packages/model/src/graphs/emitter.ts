import type { BranchId, ScoreName } from '@procache/core';
import type { GraphBuilder, Value } from '../onnx/graph-builder.ts';

/**
 * How the parts of a transformer are written as graph operations: all arithmetic that a model family has to say.
 *
 * What is cached, refreshed and added up, whoever calls it knows; an emitter writes one embedding, one module or one
 * head whenever it is asked. That of a model of pixels without weights, whose modules double what they see:
 *
 * ```ts
 * import type { Emitter } from '@procache/model';
 *
 * const [height, width] = [8, 8]; // a token for each pixel, one number wide
 * const doubling: Emitter = {
 *   embed: (g, latent) => g.op('Reshape', [latent, g.integers([0, height * width, 1])]),
 *   module: (g, _branch, calls) =>
 *     calls.map(({ x, rows }) => {
 *       const doubled = g.op('Mul', [x, g.scalar(2)]);
 *       if (!rows) return { feature: doubled };
 *       const stream = g.op('Reshape', [doubled, g.integers([-1, 1])]); // the tokens of all images
 *       return { feature: g.op('Gather', [stream, g.op('Reshape', [rows, g.integers([-1])])], { axis: 0 }) };
 *     }),
 *   head: (g, x) => g.op('Reshape', [x, g.integers([0, 1, height, width])]),
 *   modulations: (g, rows, owners) => g.input('gates', 'float32', [rows, owners.length]), // a gate for each
 * };
 * ```
 *
 * Modules with weights gather the rows that are wanted first, and multiply those of all calls at once (`jointly`).
 */
export interface Emitter {
  /** [images, channels, height, width] -> the residual stream, [images, tokens, width] */
  embed(g: GraphBuilder, latent: Value): Value;

  /** Evaluates the module of one branch for each of some calls, all of them with one copy of its weights. */
  module(g: GraphBuilder, branch: BranchId, calls: readonly ModuleCall[]): readonly ModuleResult[];

  /** The residual stream -> the model's output, [images, outChannels, height, width] */
  head(g: GraphBuilder, x: Value, modulation: Value): Value;

  /**
   * The modulations of some owners, one after another, [rows, entries of the owners * width], from inputs that the
   * family declares itself, with as many rows as the extent `rows` says: what `modulationRows` gives.
   */
  modulations(g: GraphBuilder, rows: string, owners: readonly ModulationOwner[]): Value;

  /**
   * Some contexts of each text, [texts, ...shape], from inputs that the family declares itself, with as many texts as
   * the extent `texts` says: what `contextInputs` gives. Absent where nothing attends to text.
   */
  contexts?(g: GraphBuilder, texts: string, contexts: readonly ContextTensor[]): readonly Value[];
}

/** What takes shifts, scales and gates: a block, by its number, or the head. */
export type ModulationOwner = number | 'head';

/**
 * Something that a model makes of a text, the same at every step and for every image: the keys of a branch that attends
 * to it, or the values.
 */
export interface ContextTensor {
  /** `3.cross keys` */
  readonly name: string;
  /** Of one text: mostly [tokens, width]. */
  readonly shape: readonly number[];
}

export interface ModuleCall {
  /** The residual stream, [images, tokens, width]. */
  readonly x: Value;
  /** The shifts, scales and gates of this step, [images, entries, width]. */
  readonly modulation: Value;
  /** Where only some tokens are wanted: their rows in the stream of all images, [images, count]. */
  readonly rows?: Value;
  /** A score of the wanted tokens that a selector will want, where the module is the one that can give it. */
  readonly observe?: ScoreName;
  /** A context of the text of each image, [images, ...shape]. Only what is asked for is an input of the graph. */
  context(name: string): Value;
  /** What is added to the attention of each image to its text, [images, 1, 1, tokens]: 0, or far below for padding. */
  padding(): Value;
}

export interface ModuleResult {
  /** The ungated output: [images, tokens, width], or [images * count, width] where only some tokens were wanted. */
  readonly feature: Value;
  /**
   * The raw score of each token, [images, tokens], or of those that were wanted, [images, count]: where it was asked
   * for and this module gives it.
   */
  readonly score?: Value;
}

/** The extents of a family's tensors that every graph needs. */
export interface StreamShape {
  readonly tokens: number;
  readonly width: number;
  /** Vectors in the modulation of one step: shifts, scales and gates of all blocks and of the head. */
  readonly entries: number;
}
