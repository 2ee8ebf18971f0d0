import { MAX_IMAGES } from '../limits.ts';
import { integerOf, listOf, objectOf, type Placed, refuse } from '../untrusted/json-reader.ts';
import { checkFloats } from '../untrusted/numbers.ts';

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

/** What stands for "nothing in particular": one condition for all images, or one for each. */
export type Unconditional = Condition | readonly Condition[];

/**
 * The conditions of a batch with guidance: those of the images, then as many that stand for "nothing", each image's in
 * the place that it has.
 *
 * @throws {ProCacheError} `invalid-input` for a list that is not as long as that of the images.
 */
export function doubled(conditions: readonly Condition[], unconditional: Unconditional): readonly Condition[] {
  listOf({ value: conditions, place: 'conditions', code: 'invalid-input' });
  if (!isList(unconditional)) return [...conditions, ...conditions.map(() => unconditional)];
  if (unconditional.length === conditions.length) return [...conditions, ...unconditional];
  return refuse(
    'guidance.unconditional',
    `has ${unconditional.length} of them for ${conditions.length} images; pass one for each image, or one for all`,
    'invalid-input',
  );
}

/** Refuses what does not stand for "nothing". */
export function checkUnconditional(unconditional: Unconditional, place: string): void {
  if (isList(unconditional)) checkConditions(unconditional, place);
  else checkCondition({ value: unconditional, place, code: 'invalid-input' });
}

function isList(unconditional: Unconditional): unconditional is readonly Condition[] {
  return Array.isArray(unconditional);
}

/** The highest class label, as backends read it. */
const MAX_LABEL = 2 ** 31 - 1;

/** Refuses what are no conditions. */
export function checkConditions(conditions: unknown, place: string): void {
  const each = listOf({ value: conditions, place, code: 'invalid-input' });
  if (each.length === 0) refuse(place, 'there is none; pass one for each image', 'invalid-input');
  if (each.length > MAX_IMAGES)
    refuse(place, `has ${each.length} of them; make at most ${MAX_IMAGES} images at once`, 'invalid-input');
  for (const condition of each) checkCondition(condition);
}

/** Refuses what is neither a class nor the embedding of a text. */
export function checkCondition({ value, place, code }: Placed): void {
  if (typeof value !== 'object' || value === null) {
    integerOf({ value, place, code }, 0, MAX_LABEL);
    return;
  }
  const { values, tokens } = objectOf({ value, place, code });
  checkFloats(values, `${place}.values`, '[tokens, width]');
  integerOf({ value: tokens, place: `${place}.tokens`, code }, 1);
}
