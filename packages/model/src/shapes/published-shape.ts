import type { ConfigJson } from '../config/fields.ts';

/** Names and shapes of all tensors, in the order in which a checkpoint has them. */
export type TensorShapes = ReadonlyMap<string, readonly number[]>;

/** A model of a published size: its real dimensions, for questions of time and memory that need no trained weights. */
export interface PublishedShape {
  /** In small letters: `dit-xl/2`. */
  readonly name: string;
  readonly tensors: TensorShapes;
  /** What its config.json says. */
  readonly config: ConfigJson;
}
