import { ProCacheError, type PromptEncoder } from '@procache/core';
import { shownName } from '@procache/core/untrusted';
import { openWordFolder } from '@procache/model';
import { rememberingEncoder } from '@procache/pipeline';
import { type EncoderOptions, MOST_UNREAD } from './encoder-options.ts';
import { OpenFiles } from './node-folder.ts';

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
        const [unknown, cut] = [table.unknownWords(text), table.cutWords(text)];
        const unread = [
          unknown.length === 0 ? undefined : `it does not know ${shownName(unknown.join(', '), MOST_UNREAD)}`,
          cut.length === 0
            ? undefined
            : `it reads ${tokens - 1} word${tokens === 2 ? '' : 's'}; cut off is: ${shownName(cut.join(' '), MOST_UNREAD)}`,
        ].filter((sentence) => sentence !== undefined);
        return unread.length === 0 ? undefined : unread.join('; ');
      },
      dispose: () => Promise.resolve(),
    });
  } finally {
    await files.close();
  }
}
