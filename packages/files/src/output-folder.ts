import { mkdir, rm, rmdir, stat, statfs, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ProCacheError } from '@procache/core';
import { messageOf } from '@procache/core/untrusted';
import { codeOf, writeReason } from './system-error.ts';
import { writeTargetOf } from './write-target.ts';
import { partialOf, writeError } from './write-whole.ts';

/**
 * Makes sure, before the work, that a file of so many bytes can be written there. Devices and pipes are in no folder
 * of ours.
 */
export async function openFolderOf(path: string, bytes: number): Promise<OutputFolder | undefined> {
  try {
    const target = await writeTargetOf(path);
    return target.kind === 'file' ? await openOutputFolder(dirname(target.path), bytes) : undefined;
  } catch (cause) {
    throw writeError(path, cause);
  }
}

/** Where files are to be written: in a folder, or as one file; at most so many bytes. */
export type OutputPlace = ({ readonly folder: string } | { readonly file: string }) & { readonly bytes: number };

/** The same for several places. Where one of them cannot be used, no folder that was made for the others is left. */
export async function openOutputPlaces(places: readonly OutputPlace[]): Promise<Pick<OutputFolder, 'abandon'>> {
  const folders: OutputFolder[] = [];
  const abandon = async (): Promise<void> => {
    for (const folder of folders.toReversed()) await folder.abandon();
  };
  try {
    for (const place of places) {
      const opened =
        'folder' in place
          ? await openOutputFolder(place.folder, place.bytes)
          : await openFolderOf(place.file, place.bytes);
      if (opened) folders.push(opened);
    }
  } catch (cause) {
    await abandon();
    throw cause;
  }
  return { abandon };
}

/** A folder that was made sure to take files. */
export interface OutputFolder {
  readonly path: string;
  /** Removes the folders that were made for this and are still empty. */
  abandon(): Promise<void>;
}

/**
 * Makes a folder, and makes sure, by writing a small file, that it takes files of `bytes` in all.
 *
 * Called before the work whose results go there, so that hours of it are not lost to a typing mistake.
 */
export async function openOutputFolder(path: string, bytes: number): Promise<OutputFolder> {
  let made: readonly string[];
  try {
    made = await makeFolder(path);
    const probe = partialOf(join(path, 'probe'));
    await writeFile(probe, '');
    await rm(probe);
  } catch (cause) {
    throw folderError(path, cause);
  }
  const abandon = async (): Promise<void> => {
    for (const folder of made.toReversed()) await rmdir(folder).catch(() => undefined);
  };
  const room = await roomIn(path);
  if (room < bytes) {
    await abandon();
    throw new ProCacheError(
      'execution-failed',
      `${path}: there are ${megabytes(room)} left on the disk, but up to ${megabytes(bytes)} will be written; ` +
        `make room, or write elsewhere`,
    );
  }
  return { path, abandon };
}

/**
 * Makes a folder and those above it; returns those that were made, the topmost first.
 *
 * Not `mkdir` with `recursive`, which never comes back from places like /proc where no folder can be made (Node 20).
 */
async function makeFolder(path: string): Promise<readonly string[]> {
  try {
    await mkdir(path);
    return [path];
  } catch (cause) {
    if (codeOf(cause) === 'EEXIST' && (await isFolder(path))) return [];
    if (codeOf(cause) !== 'ENOENT' || (await isFolder(dirname(path)))) throw cause;
    const above = await makeFolder(dirname(path));
    await mkdir(path);
    return [...above, path];
  }
}

function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

async function roomIn(path: string): Promise<number> {
  const found = await statfs(path).catch(() => undefined); // not every file system can tell
  return found === undefined ? Infinity : found.bavail * found.bsize;
}

function folderError(path: string, cause: unknown): ProCacheError {
  const reason = FOLDER_REASONS[codeOf(cause)] ?? writeReason(cause) ?? messageOf(cause);
  return new ProCacheError('execution-failed', `${path}: cannot be used as an output folder: ${reason}`, { cause });
}

/** What is said otherwise where a folder is to be made. */
const FOLDER_REASONS: Readonly<Record<string, string>> = {
  EACCES: 'you may not write there; choose another folder',
  EPERM: 'you may not write there; choose another folder',
  EROFS: 'it lies on a read-only file system; choose another folder',
  ENOENT: 'no folder can be made there; choose another',
  EEXIST: 'there is a file of that name; choose another folder',
  ENOTDIR: 'a part of the path is a file; choose another folder',
};

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
