import type { PromptEncoder, TextEmbedding } from '@procache/core';
import type { Texts } from '@procache/model';
import { rememberingEncoder } from './remembering-encoder.ts';

/** An encoder whose embeddings have fewer tokens than a model takes, as one of as many: padding is not looked at. */
export function paddedEncoder(
  encoder: PromptEncoder,
  { tokens, width }: Pick<Texts, 'tokens' | 'width'>,
): PromptEncoder {
  const padded = (embedding: TextEmbedding): TextEmbedding => {
    const values = new Float32Array(tokens * width);
    values.set(embedding.values);
    return { ...embedding, values };
  };
  return rememberingEncoder({
    ...encoder,
    encode: async (texts) => (await encoder.encode(texts)).map(padded),
  });
}
