import { type Checkpoint, type StoredTensor } from './checkpoint.ts';

/** Named tensors that stand together in a file, which may hold several such: weights, their average, an optimiser's. */
export interface Dictionary {
  /** The keys that lead to it, with dots between: `ema`, `callbacks.EMA.shadow`; empty at the top level. */
  readonly path: string;
  /** The shape of each tensor by its name in the file. */
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  /** Finds tensors in the file, in the order of the names; each is known to lie within the file. */
  locate(names: readonly string[]): Promise<readonly StoredTensor[]>;
}

/** A checkpoint as it is stored, before it is known which of its tensors are the model. */
export interface CheckpointFile {
  readonly name: string;
  readonly format: Checkpoint['format'];
  readonly dictionaries: readonly Dictionary[];
  /** What the file says about itself. */
  readonly metadata: ReadonlyMap<string, string>;
  /** Keys under which an average ought to be, but no tensors have names. */
  readonly nameless: readonly string[];
  /** In bytes, of all files together. */
  readonly size: number;
}
