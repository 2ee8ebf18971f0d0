import { realpath, stat } from 'node:fs/promises';
import { sep } from 'node:path';
import { ProCacheError } from '@procache/core';
import { writeTargetOf } from './write-target.ts';

/**
 * Refuses to write two files to one place, or a file over one that is read: whichever came first would be lost without
 * a word. Links are followed; devices and pipes take everything that comes.
 *
 * `written` are paths by what asks for them, those that are undefined left out (`{ '--save': path }`); `read` are
 * files by what they are (`{ 'a file of the model': files }`), or folders, which stand for all that lies in them. Both
 * names stand in the message.
 *
 * @throws {ProCacheError} `invalid-input`.
 */
export async function checkApart(
  written: Readonly<Record<string, string | undefined>>,
  read: Readonly<Record<string, readonly { readonly path: string }[]>> = {},
): Promise<void> {
  const taken = new Map<string, string>();
  const folders = new Map<string, string>();
  for (const [name, files] of Object.entries(read)) {
    for (const { path } of files) {
      const place = await realpath(path).catch(() => path);
      const isFolder = (await stat(place).catch(() => undefined))?.isDirectory() === true;
      (isFolder ? folders : taken).set(place, name);
    }
  }
  for (const [name, path] of Object.entries(written)) {
    if (path === undefined) continue;
    const target = await writeTargetOf(path).catch(() => undefined); // whoever writes there says why that cannot be
    if (target?.kind !== 'file') continue;
    const isThere = target.mode !== undefined;
    const around = [...folders].find(([folder]) => isThere && target.path.startsWith(`${folder}${sep}`));
    const other = taken.get(target.path) ?? around?.[1];
    if (other !== undefined) {
      throw new ProCacheError(
        'invalid-input',
        `${name}: ${path} is ${other} already, and would be written over; choose another name`,
      );
    }
    taken.set(target.path, `the file of ${name}`);
  }
}
