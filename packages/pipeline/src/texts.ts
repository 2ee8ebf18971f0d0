import type { Condition, PromptEncoder, TextEmbedding } from '@procache/core';
import { refuse, shown, shownName } from '@procache/core/untrusted';
import type { Texts } from '@procache/model';

export interface TextsOptions {
  /** What messages call the model. */
  readonly name: string;
  /** Where the texts stand, which begins the messages. */
  readonly place: string;
  /** What reads them. */
  readonly encoder?: PromptEncoder | undefined;
  readonly noEncoder?: string | undefined;
}

/**
 * Checks texts, of which some may be embeddings already.
 *
 * @throws {ProCacheError} `invalid-input` for what is no text, an embedding of another model, and texts where there is
 * nothing that reads them.
 */
export function checkedTexts(
  asked: readonly (number | string | TextEmbedding)[],
  { tokens, width }: Texts,
  { name, place, encoder, noEncoder = 'there is nothing here that reads them; give their embeddings' }: TextsOptions,
): readonly (string | TextEmbedding)[] {
  const wrong = (problem: string): never => refuse(place, problem, 'invalid-input');
  return asked.map((text) => {
    if (typeof text === 'string') {
      return encoder === undefined ? wrong(`${name} draws from texts, and ${noEncoder}`) : text;
    }
    if (typeof text !== 'object' || !(text.values instanceof Float32Array))
      return wrong(`${name} draws from texts, and ${shown(text)} is none; give a text for each image`);
    if (text.values.length === tokens * width) return text;
    return wrong(
      `an embedding has ${text.values.length} numbers, but ${name} takes ${tokens} tokens of ${width}; ` +
        `encode the text for this model`,
    );
  });
}

/** Reads what is still a text, each once. */
export async function readTexts(
  conditions: readonly (Condition | string)[],
  encoder: PromptEncoder | undefined,
): Promise<readonly Condition[]> {
  const texts = [...new Set(conditions.filter((condition) => typeof condition === 'string'))];
  const read: unknown = texts.length > 0 ? await encoder!.encode(texts) : [];
  const embeddings = new Map(texts.map((text, i) => [text, embeddingOf(Array.isArray(read) ? read[i] : undefined)]));
  return conditions.map((condition) => (typeof condition === 'string' ? embeddings.get(condition)! : condition));
}

/** What an encoder made of a text, which may be somebody's own. */
function embeddingOf(made: unknown): TextEmbedding {
  const embedding = made as TextEmbedding | undefined | null;
  if (embedding?.values instanceof Float32Array) return embedding;
  return refuse('encoder', `its encode gave ${shown(made)} for a text, which is no embedding`, 'invalid-input');
}

/** What of texts their encoder does not read, a sentence each: what is cut off, and words that it does not know. */
export function unreadTexts(
  conditions: readonly (Condition | string)[],
  encoder: PromptEncoder | undefined,
): readonly string[] {
  const texts = new Set(conditions.filter((condition) => typeof condition === 'string'));
  return [...texts].flatMap((text) => {
    const unread = encoder?.notRead?.(text);
    return unread === undefined ? [] : [`of "${shownName(text, 40)}": ${unread}`];
  });
}

/** The texts of a model for people. */
export function describeTexts({ tokens, width }: Texts): string {
  return `up to ${tokens} tokens of ${width} numbers`;
}

/** What a model takes, for messages. */
export function takenTexts({ tokens }: Texts): string {
  return `it takes texts of up to ${tokens} tokens`;
}
