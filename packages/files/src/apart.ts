import { realpath } from 'node:fs/promises';
import { ProCacheError } from '@procache/core';
import { writeTargetOf } from './write-target.ts';

/**
 * Refuses to write two files to one place, or a file over one that is read: whichever came first would be lost without
 * a word. Links are followed; devices and pipes take everything that comes.
 *
 * `written` are paths by what asks for them, those that are undefined left out (`{ '--save': path }`); `read` are
 * files by what they are (`{ 'a file of the model': files }`). Both names stand in the message.
 *
 * @throws {ProCacheError} `invalid-input`.
 */
export async function checkApart(
  written: Readonly<Record<string, string | undefined>>,
  read: Readonly<Record<string, readonly { readonly path: string }[]>> = {},
): Promise<void> {
  const taken = new Map<string, string>();
  for (const [name, files] of Object.entries(read)) {
    for (const { path } of files) taken.set(await realpath(path).catch(() => path), name);
  }
  for (const [name, path] of Object.entries(written)) {
    if (path === undefined) continue;
    const target = await writeTargetOf(path).catch(() => undefined); // whoever writes there says why that cannot be
    if (target?.kind !== 'file') continue;
    const other = taken.get(target.path);
    if (other !== undefined) {
      throw new ProCacheError(
        'invalid-input',
        `${name}: ${path} is ${other} already, and would be written over; choose another name`,
      );
    }
    taken.set(target.path, `the file of ${name}`);
  }
}
