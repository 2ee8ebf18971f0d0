import { basename } from 'node:path';
import { ProCacheError, type PromptEncoder } from '@procache/core';
import { type Checkpoint, openEmbeddings } from '@procache/model';
import type { EncoderOptions } from './encoder-options.ts';

/** Whether a checkpoint holds embeddings of texts, and not what makes them. */
export function isEmbeddings({ tensors }: Checkpoint): boolean {
  return tensors.has('prompt_embeds') || tensors.has('negative_prompt_embeds');
}

/** An encoder over embeddings in a file, which are read whole: it knows the texts that are there, and no other. */
export async function embeddingsEncoder(
  checkpoint: Checkpoint,
  path: string,
  { tokens, width }: EncoderOptions,
): Promise<PromptEncoder> {
  const embeddings = await openEmbeddings(checkpoint, { tokens, name: basename(path) });
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
