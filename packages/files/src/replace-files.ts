import { lstat, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readRegularFile } from './regular-file.ts';
import { writeWhole } from './write-whole.ts';

/** A file to be written, by its name in a folder. */
export interface NamedFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/**
 * Writes files into a folder where an earlier run has left others, so that it then holds those of one run: of the names
 * of `earlier`, those that are not among the files are removed.
 *
 * The last file is written when they are gone. Where it tells what there is to remove, as an overview does, a run that
 * is killed in between leaves that to the next.
 *
 * @returns the paths that were removed
 */
export async function replaceFiles(
  folder: string,
  files: readonly NamedFile[],
  earlier: readonly string[],
): Promise<readonly string[]> {
  const write = ({ name, bytes }: NamedFile): Promise<void> => writeWhole(join(folder, name), bytes);
  for (const file of files.slice(0, -1)) await write(file);
  const removed = earlier.filter((name) => !files.some((file) => file.name === name)).map((name) => join(folder, name));
  for (const path of removed) await rm(path, { force: true });
  for (const last of files.slice(-1)) await write(last);
  return removed;
}

/**
 * The bytes of a file that a program may have written itself, at most so many: nothing where there is none, and nothing
 * of a link, a folder or a device, which are not its own to read or to remove.
 */
export async function readOwnFile(path: string, most: number): Promise<Uint8Array | undefined> {
  try {
    return (await lstat(path)).isFile() ? await readRegularFile(path, { most }) : undefined;
  } catch {
    return undefined;
  }
}
