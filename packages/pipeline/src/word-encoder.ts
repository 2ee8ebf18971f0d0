import { ProCacheError, type PromptEncoder } from '@procache/core';
import { shownName } from '@procache/core/untrusted';
import type { Texts, WordTable } from '@procache/model';
import { rememberingEncoder } from './remembering-encoder.ts';

/** Letters of what of a text is not read that a warning shows. */
const MOST_UNREAD = 120;

/**
 * An encoder of a table of words. `name` is what messages call the table.
 *
 * @throws {ProCacheError} `invalid-model` for a table of another width than the model takes.
 */
export function wordEncoder(
  table: WordTable,
  { tokens, width }: Pick<Texts, 'tokens' | 'width'>,
  name: string,
): PromptEncoder {
  if (table.width !== width) {
    throw new ProCacheError(
      'invalid-model',
      `${name}: the words are ${table.width} numbers long, but the model takes texts of ${width}; ` +
        `take the table that belongs to the model`,
    );
  }
  return rememberingEncoder({
    encode: (texts) => Promise.resolve(texts.map((text) => table.embed(text))),
    notRead: (text) => {
      const [unknown, cut] = [table.unknownWords(text), table.cutWords(text)].map((words) =>
        shownName(words.join(', '), MOST_UNREAD),
      );
      const unread = [
        unknown === '' ? undefined : `it does not know ${unknown}`,
        cut === '' ? undefined : `it reads ${tokens - 1} word${tokens === 2 ? '' : 's'}; cut off is: ${cut}`,
      ].filter((sentence) => sentence !== undefined);
      return unread.length === 0 ? undefined : unread.join('; ');
    },
    dispose: () => Promise.resolve(),
  });
}
