import { listOf } from './untrusted/json-reader.ts';

/**
 * What an image is to show: the number of a class, or a text as an encoder reads it.
 *
 * Which of the two a model takes, and what it makes of it, its family knows. Core counts conditions, doubles them for
 * guidance and tells them apart by identity, and never looks inside.
 */
export type Condition = number | TextEmbedding;

/** A text as its encoder gives it. The same object is the same text: what a model makes of it is made once. */
export interface TextEmbedding {
  /** [tokens, width], the padding included. */
  readonly values: Float32Array;
  /** How many tokens are text, from the first; those after them are padding. */
  readonly tokens: number;
  /** The text itself, where it is known: what people call the image. */
  readonly text?: string | undefined;
}

/**
 * The conditions of a batch with guidance: those of the images, then as many times the one that stands for "nothing".
 */
export function doubled(conditions: readonly Condition[], unconditional: Condition): readonly Condition[] {
  listOf({ value: conditions, place: 'conditions', code: 'invalid-input' });
  return [...conditions, ...conditions.map(() => unconditional)];
}
