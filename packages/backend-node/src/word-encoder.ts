import { ProCacheError, type PromptEncoder } from '@procache/core';
import { openWordFolder } from '@procache/model';
import { rememberingEncoder } from '@procache/pipeline';
import { OpenFiles } from './node-folder.ts';
import type { EncoderOptions } from './encoder-options.ts';

/** Opens a table of words, which is read whole. */
export async function openWords(path: string, { tokens, width }: EncoderOptions): Promise<PromptEncoder> {
  const files = new OpenFiles();
  try {
    const table = await openWordFolder(files.folder(path), { tokens });
    if (table.width !== width) {
      throw new ProCacheError(
        'invalid-model',
        `${path}: the words are ${table.width} numbers long, but the model takes texts of ${width}; ` +
          `take the table that belongs to the model`,
      );
    }
    return rememberingEncoder({
      encode: (texts) => Promise.resolve(texts.map((text) => table.embed(text))),
      notRead: (text) => {
        const unknown = table.unknownWords(text);
        return unknown.length === 0 ? undefined : `it does not know ${unknown.join(', ')}`;
      },
      dispose: () => Promise.resolve(),
    });
  } finally {
    await files.close();
  }
}
