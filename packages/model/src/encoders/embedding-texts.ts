import { ProCacheError, type TextEmbedding } from '@procache/core';
import { listOf, parseJson, refuse, shown } from '@procache/core/untrusted';

/** What a file of embeddings says of itself: the texts of its rows, as JSON lists. */
export const PROMPT_TEXTS = 'prompts';
export const NEGATIVE_TEXTS = 'negative_prompts';

interface EmbeddingRows {
  readonly metadata: ReadonlyMap<string, string>;
  /** The file, for messages. */
  readonly name: string;
  readonly prompts: readonly TextEmbedding[];
  readonly negatives: readonly TextEmbedding[];
}

/**
 * The texts of the rows of a file of embeddings, the negative ones after the others: what it says, else "#1", "#2" and
 * so on, and "" for a negative one.
 *
 * @throws {ProCacheError} `invalid-model` for lists of other lengths, and for one text with two embeddings.
 */
export function embeddingTexts({ metadata, name, prompts, negatives }: EmbeddingRows): readonly string[] {
  const texts = [
    ...(listed(metadata, PROMPT_TEXTS, name, prompts.length) ?? prompts.map((_, i) => `#${i + 1}`)),
    ...(listed(metadata, NEGATIVE_TEXTS, name, negatives.length) ?? negatives.map(() => '')),
  ];
  const first = new Map<string, TextEmbedding>();
  [...prompts, ...negatives].forEach((row, i) => {
    const before = first.get(texts[i]!) ?? row;
    first.set(texts[i]!, before);
    if (sameText(before, row)) return;
    const way = `name the texts in its metadata (${PROMPT_TEXTS}, ${NEGATIVE_TEXTS}), or save one embedding of each`;
    throw new ProCacheError('invalid-model', `${name}: has two embeddings of ${shown(texts[i])}; ${way}`);
  });
  return texts;
}

/** Whether two rows are one and the same. */
function sameText(a: TextEmbedding, b: TextEmbedding): boolean {
  if (a === b) return true;
  return (
    a.tokens === b.tokens && a.values.length === b.values.length && a.values.every((value, i) => value === b.values[i])
  );
}

function listed(
  metadata: EmbeddingRows['metadata'],
  key: string,
  name: string,
  rows: number,
): readonly string[] | undefined {
  const text = metadata.get(key);
  if (text === undefined) return undefined;
  const place = `${name}, ${key}`;
  const value = parseJson(text, { name: place, code: 'invalid-model' });
  const texts = listOf({ value, place, code: 'invalid-model' }).map((element) =>
    typeof element.value === 'string'
      ? element.value
      : refuse(element.place, `${shown(element.value)} is no text`, 'invalid-model'),
  );
  if (texts.length === rows) return texts;
  return refuse(place, `lists ${texts.length} texts, and the file has ${rows}; save it again`, 'invalid-model');
}
