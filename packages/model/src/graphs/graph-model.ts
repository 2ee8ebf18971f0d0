import type { BranchId, LatentShape, Topology } from '@procache/core';
import type { ContextTensor, Emitter, StreamShape } from './emitter.ts';

/** Everything that the graphs of a model are written from. */
export interface GraphModel {
  readonly topology: Topology;
  readonly emitter: Emitter;
  readonly stream: StreamShape;
  readonly latent: LatentShape;
  /** The entry of the modulation that gates a branch; a branch without a gate has none. */
  readonly gateOf: (branch: BranchId) => number | undefined;
  /** What the model makes of texts; absent where it takes none. */
  readonly text?: TextShape | undefined;
}

/** The texts of a model. */
export interface TextShape {
  /** Tokens of each, the padding included. */
  readonly tokens: number;
  readonly contexts: readonly ContextTensor[];
}
