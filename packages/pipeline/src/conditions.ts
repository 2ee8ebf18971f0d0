import type { Condition, PromptEncoder, TextEmbedding } from '@procache/core';
import { listOf, refuse } from '@procache/core/untrusted';
import type { Takes } from '@procache/model';
import { CAPTIONS } from './captions.ts';
import { classesOf, describeClasses, guessOfClasses, nameOfClass, takenClasses } from './classes.ts';
import type { KnownModel } from './known-model.ts';
import { checkedTexts, describeTexts, readTexts, takenTexts } from './texts.ts';

/**
 * What an image is to show, in a user's words: of a model of classes the number or any name of one, of a model of
 * texts a text, or its embedding.
 */
export type AskedCondition = number | string | TextEmbedding;

/** What is to be drawn: a condition for each image, or all classes. */
export type AskedConditions = readonly AskedCondition[] | 'all';

export interface ConditionsOptions {
  /** Where they stand, which begins the messages: `conditions`, or `--labels`. */
  readonly place: string;
  /** What reads texts, where the model takes them. */
  readonly encoder?: PromptEncoder | undefined;
  /** Why there is none, and the way out, as the end of a message. */
  readonly noEncoder?: string | undefined;
}

/**
 * The conditions of some words, as a model takes them. Without any, all classes of a model that has few, else the
 * first; of a model of texts those of a file of embeddings, else what its makers advise to draw, else a caption of our
 * own.
 *
 * @throws {ProCacheError} `invalid-input`, before any text is read, for a class that there is not, a class where the
 * model takes texts, and a text where it takes classes.
 */
export async function conditionsOf(
  asked: AskedConditions | undefined,
  known: KnownModel,
  options: ConditionsOptions,
): Promise<readonly Condition[]> {
  return readTexts(checkedConditions(asked, known, options), options.encoder);
}

/** The same with texts as they are, which `readTexts` reads. */
export function checkedConditions(
  asked: AskedConditions | undefined,
  { name, model: { takes }, recommended = {} }: KnownModel,
  { place, encoder, noEncoder }: ConditionsOptions,
): readonly (Condition | string)[] {
  const wrong = (problem: string): never => refuse(place, problem, 'invalid-input');
  const each = asked === undefined || asked === 'all' ? asked : checkedList(asked, place);
  if (takes.kind === 'texts') {
    if (each === 'all') return wrong(`${name} draws from texts, not classes; give a text for each image`);
    return checkedTexts(each ?? encoder?.prompts ?? recommended.captions ?? CAPTIONS.slice(0, 1), takes, {
      name,
      place,
      encoder,
      noEncoder,
    });
  }
  if (typeof each !== 'object') return classesOf(each, takes, place);
  const words = each.map((condition) =>
    typeof condition === 'number' || typeof condition === 'string'
      ? condition
      : wrong(`${name} draws classes, not texts; ${takenText(takes)}`),
  );
  return classesOf(words, takes, place);
}

function checkedList(asked: readonly AskedCondition[], place: string): readonly AskedCondition[] {
  const each = listOf({ value: asked, place, code: 'invalid-input' });
  if (each.length === 0) refuse(place, 'there is none; give one for each image', 'invalid-input');
  return asked;
}

/** What people call a condition: a class by its first name, or its number where it has none; a text by itself. */
export function nameOfCondition(condition: Condition | string, takes: Takes): string {
  if (typeof condition === 'string') return condition;
  if (typeof condition === 'object') return condition.text ?? 'a text';
  return takes.kind === 'classes' ? nameOfClass(condition, takes) : String(condition);
}

/** What a model takes, for messages: `labels are 0 to 9 (t-shirt, trouser, ...), or 10 for no class`. */
export function takenText(takes: Takes): string {
  return takes.kind === 'classes' ? takenClasses(takes) : takenTexts(takes);
}

/** What a model takes, for people: `10, and 10 for none: t-shirt, trouser, ...`; under the heading `takes.kind`. */
export function describeTakes(takes: Takes): string {
  return takes.kind === 'classes' ? describeClasses(takes) : describeTexts(takes);
}

/** Conditions as JSON has them: numbers of classes, or `"all"` of them; texts by their names. */
export function conditionsJson(
  conditions: readonly (Condition | string)[],
  takes: Takes,
): 'all' | readonly (number | string)[] {
  if (takes.kind === 'classes' && conditions.length === takes.count) return 'all';
  return conditions.map((condition) => (typeof condition === 'number' ? condition : nameOfCondition(condition, takes)));
}

/**
 * A warning where the guess is doubtful: tables of 10, 100 or 1000 rows are mostly those of as many classes, of a model
 * that was trained without "no class".
 */
export function doubtOf(takes: Takes): string | undefined {
  if (takes.kind !== 'classes' || (takes.count + 1) % 10 !== 0) return undefined;
  const guess = guessOfClasses(takes);
  return guess && `guidance leads away from "no class", and ${guess}`;
}
