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
  const { taken, folders } = await placesOf(read);
  for (const [name, path] of Object.entries(written)) {
    if (path === undefined) continue;
    const target = await writeTargetOf(path).catch(() => undefined); // whoever writes there says why that cannot be
    if (target?.kind !== 'file') continue;
    const around = target.mode === undefined ? undefined : folderAround(target.path, folders);
    const other = taken.get(target.path) ?? around;
    if (other !== undefined) {
      throw new ProCacheError(
        'invalid-input',
        `${name}: ${path} is ${other} already, and would be written over; choose another name`,
      );
    }
    taken.set(target.path, `the file of ${name}`);
  }
}

/** What files and folders are, by their real paths. */
interface Places {
  readonly taken: Map<string, string>;
  readonly folders: ReadonlyMap<string, string>;
}

async function placesOf(read: Readonly<Record<string, readonly { readonly path: string }[]>>): Promise<Places> {
  const [taken, folders] = [new Map<string, string>(), new Map<string, string>()];
  for (const [name, files] of Object.entries(read)) {
    for (const { path } of files) {
      const place = await realpath(path).catch(() => path);
      const isFolder = (await stat(place).catch(() => undefined))?.isDirectory() === true;
      (isFolder ? folders : taken).set(place, name);
    }
  }
  return { taken, folders };
}

/** What the folder is in which a file lies, at any depth; undefined where it lies in none. */
function folderAround(path: string, folders: Places['folders']): string | undefined {
  return [...folders].find(([folder]) => path.startsWith(`${folder}${sep}`))?.[1];
}
