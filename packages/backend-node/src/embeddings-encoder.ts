import { basename } from 'node:path';
import { ProCacheError, type PromptEncoder } from '@procache/core';
import { type Embeddings, openCheckpoint, openEmbeddings } from '@procache/model';
import type { EncoderOptions } from './encoder-options.ts';
import { openFile } from './file-source.ts';

/** Opens a file of embeddings, which is read whole: it knows the texts that are in it, and no other. */
export async function openEmbeddingsFile(path: string, { tokens, width }: EncoderOptions): Promise<PromptEncoder> {
  const file = await openFile(path, { code: 'invalid-model', what: 'a file of embeddings' });
  let embeddings: Embeddings;
  try {
    embeddings = await openEmbeddings(await openCheckpoint(file), { tokens, name: basename(path) });
  } finally {
    await file.close();
  }
  if (embeddings.width !== width) {
    throw new ProCacheError(
      'invalid-model',
      `${path}: the texts are ${embeddings.width} numbers wide, but the model takes ${width}; ` +
        `save them with the text encoder that the model was trained with`,
    );
  }
  return {
    // eslint-disable-next-line @typescript-eslint/require-await -- what is refused is a promise that rejects
    encode: async (texts) => texts.map((text) => embeddings.embed(text)),
    prompts: embeddings.prompts,
    dispose: () => Promise.resolve(),
  };
}
