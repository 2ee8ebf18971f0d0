import { ProCacheError, type PromptEncoder, type TextEmbedding } from '@procache/core';
import { openWordFolder } from '@procache/model';
import { OpenFiles } from './node-folder.ts';

/** Where what reads texts lies on this machine. */
export interface EncoderPlace {
  /** The folder of a table of words (vocabulary.json, text_encoder.safetensors). */
  readonly encoder: string;
}

export interface EncoderOptions {
  /** Tokens of an embedding, the padding included, and numbers of a token: what the transformer takes. */
  readonly tokens: number;
  readonly width: number;
}

/**
 * Opens what reads texts for a transformer. The caller disposes of it.
 *
 * @throws {ProCacheError} `invalid-model`, with the file and the way out.
 */
export async function openEncoder({ encoder }: EncoderPlace, options: EncoderOptions): Promise<PromptEncoder> {
  const files = new OpenFiles();
  try {
    return await openWords(files, encoder, options);
  } finally {
    await files.close();
  }
}

async function openWords(files: OpenFiles, path: string, { tokens, width }: EncoderOptions): Promise<PromptEncoder> {
  const table = await openWordFolder(files.folder(path), { tokens });
  if (table.width !== width) {
    throw new ProCacheError(
      'invalid-model',
      `${path}: the words are ${table.width} numbers long, but the model takes texts of ${width}; ` +
        `take the table that belongs to the model`,
    );
  }
  const known = new Map<string, TextEmbedding>();
  return {
    encode: (texts) => {
      for (const text of texts) if (!known.has(text)) known.set(text, table.embed(text));
      return Promise.resolve(texts.map((text) => known.get(text)!));
    },
    dispose: () => Promise.resolve(),
  };
}
