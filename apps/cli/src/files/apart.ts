import { realpath } from 'node:fs/promises';
import { ProCacheError } from '@procache/core';
import { writeTargetOf } from './write-target.ts';

/** A file of a command line: what names it there, such as `--save-latents`, and its path. */
export interface NamedFile {
  readonly name: string;
  readonly path: string;
}

/** The files of a model, as what is read. */
export function modelFiles(files: readonly { readonly path: string }[]): readonly NamedFile[] {
  return files.map(({ path }) => ({ name: 'a file of the model', path }));
}

/**
 * Refuses to write two files to one place, or a file over one that is read: whichever came first would be lost without
 * a word. Links are followed; devices and pipes take everything that comes.
 */
export async function checkApart(written: readonly NamedFile[], read: readonly NamedFile[]): Promise<void> {
  const taken = new Map<string, string>();
  for (const { name, path } of read) taken.set(await realpath(path).catch(() => path), name);
  for (const { name, path } of written) {
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
