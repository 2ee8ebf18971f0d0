import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { ProCacheError } from '@procache/core';
import { readPngText } from '../pictures/png-text.ts';
import { wrapText } from '../pictures/wrap.ts';
import type { Inspection } from './inspection.ts';

/** How a picture was made, from the text in its PNG file. */
export async function inspectPicture(path: string): Promise<Inspection> {
  const text = textOf(path, await readFile(path));
  const { procache, parameters } = text;
  if (procache === undefined) {
    const other = Object.keys(text).join(', ');
    throw new ProCacheError('invalid-input', `${basename(path)}: was not made by procache generate: its PNG text has no key 'procache' (it has ${other || 'none'})`);
  }
  const lines = wrapText(parameters ?? procache, 80, (line) => line.length);
  return { text: [...lines, '', 'All of it, the schedule included: --json'].join('\n'), object: { kind: 'picture', ...parsed(path, procache) } };
}

function textOf(path: string, bytes: Uint8Array): Record<string, string | undefined> {
  try {
    return readPngText(bytes);
  } catch (cause) {
    throw new ProCacheError('invalid-input', `${basename(path)}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

function parsed(path: string, text: string): object {
  try {
    const json: unknown = JSON.parse(text);
    if (typeof json === 'object' && json !== null) return json;
  } catch (cause) {
    throw new ProCacheError('invalid-input', `${basename(path)}: its PNG text 'procache' is not JSON; another program has changed it`, { cause });
  }
  throw new ProCacheError('invalid-input', `${basename(path)}: its PNG text 'procache' is not a JSON object; another program has changed it`);
}
