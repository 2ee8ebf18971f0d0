import type { PromptEncoder, TextEmbedding } from '@procache/core';

/**
 * An encoder that reads each text once: the same text gives the same embedding, in one call as in many. Calls wait for
 * those before them.
 */
export function rememberingEncoder(encoder: PromptEncoder): PromptEncoder {
  const known = new Map<string, TextEmbedding>();
  let before: Promise<unknown> = Promise.resolve();
  const read = async (texts: readonly string[]): Promise<readonly TextEmbedding[]> => {
    const fresh = [...new Set(texts)].filter((text) => !known.has(text));
    const embeddings = fresh.length > 0 ? await encoder.encode(fresh) : [];
    fresh.forEach((text, i) => known.set(text, embeddings[i]!));
    return texts.map((text) => known.get(text)!);
  };
  return {
    ...encoder,
    encode(texts) {
      const own = before.then(() => read(texts));
      before = own.catch(() => undefined);
      return own;
    },
  };
}
