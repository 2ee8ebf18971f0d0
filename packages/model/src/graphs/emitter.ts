import type { BranchId, ScoreName } from '@procache/core';
import type { GraphBuilder, Value } from '../onnx/graph-builder.ts';

/** How the parts of a transformer are written as graph operations: all that a model family has to say. */
export interface Emitter {
  /** [images, channels, height, width] -> the residual stream, [images, tokens, width] */
  embed(g: GraphBuilder, latent: Value): Value;

  /** Evaluates the module of one branch for each of some calls, all of them with one copy of its weights. */
  module(g: GraphBuilder, branch: BranchId, calls: readonly ModuleCall[]): readonly ModuleResult[];

  /** The residual stream -> the model's output, [images, outChannels, height, width] */
  head(g: GraphBuilder, x: Value, modulation: Value): Value;

  /**
   * The modulations of some owners, one after another, [rows, entries of the owners * width], from inputs that the
   * family declares itself, with as many rows as the extent `rows` says: what `conditioningRows` gives.
   */
  conditioning(g: GraphBuilder, rows: string, owners: readonly ModulationOwner[]): Value;
}

/** What takes shifts, scales and gates: a block, by its number, or the head. */
export type ModulationOwner = number | 'head';

export interface ModuleCall {
  /** The residual stream, [images, tokens, width]. */
  readonly x: Value;
  /** The shifts, scales and gates of this step, [images, entries, width]. */
  readonly modulation: Value;
  /** Where only some tokens are wanted: their rows in the stream of all images, [images, count]. */
  readonly rows?: Value;
  /** A score that a selector will want, where the module is the one that can give it. */
  readonly observe?: ScoreName;
}

export interface ModuleResult {
  /** The ungated output: [images, tokens, width], or [images * count, width] where only some tokens were wanted. */
  readonly feature: Value;
  /** The raw score of each token, [images, tokens], where it was asked for and this module gives it. */
  readonly score?: Value;
}

/** The extents of a family's tensors that every graph needs. */
export interface StreamShape {
  readonly tokens: number;
  readonly width: number;
  /** Vectors in the modulation of one step: shifts, scales and gates of all blocks and of the head. */
  readonly entries: number;
}
