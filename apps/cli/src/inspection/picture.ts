import { basename } from 'node:path';
import { ProCacheError } from '@procache/core';
import { messageOf, objectOf, parseJson, shownName } from '@procache/core/untrusted';
import { readRegularFile } from '@procache/files';
import { readPngText } from '@procache/pictures';
import { wrapText } from '@procache/text';
import type { Inspection } from './inspection.ts';

/** Bytes of the largest picture that is read: a grid of the most images comes to less. */
const MOST_BYTES = 256 * 2 ** 20;
/** Letters of the parameters that are shown; those of a picture of this program are hundreds. */
const MOST_SHOWN = 4000;

/** How a picture was made, from the text in its PNG file. */
export async function inspectPicture(path: string): Promise<Inspection> {
  const name = basename(path);
  const text = textOf(name, await readRegularFile(path, { most: MOST_BYTES, what: 'a picture (.png)' }));
  const { procache, parameters } = text;
  if (procache === undefined) {
    const others = Object.keys(text);
    const some = others
      .slice(0, 5)
      .map((keyword) => shownName(keyword, 40))
      .join(', ');
    throw new ProCacheError(
      'invalid-input',
      `${name}: was not made by procache generate: its PNG text has no key 'procache' (it has ` +
        `${some || 'none'}${others.length > 5 ? ', ...' : ''})`,
    );
  }
  const lines = wrapText(shownName(parameters ?? procache, MOST_SHOWN), 80);
  return {
    text: [...lines, '', 'All of it, the schedule included: --json'].join('\n'),
    object: { kind: 'picture', ...parsed(name, procache) },
  };
}

function textOf(name: string, bytes: Uint8Array): Record<string, string | undefined> {
  try {
    return readPngText(bytes);
  } catch (cause) {
    throw new ProCacheError('invalid-input', `${name}: ${messageOf(cause)}`, {
      cause,
    });
  }
}

function parsed(name: string, text: string): object {
  const place = `${name}, its PNG text 'procache'`;
  const value = parseJson(text, { name: place, code: 'invalid-input', advice: 'another program has changed it' });
  return objectOf({ value, place, code: 'invalid-input' });
}
