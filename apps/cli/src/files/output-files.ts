import { randomBytes } from 'node:crypto';
import { mkdir, rename, rm, rmdir, stat, statfs, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ProCacheError } from '@procache/core';

/** Writes a file as a whole: whoever looks finds either all of it under its name, or nothing new. */
export async function writeWhole(path: string, bytes: Uint8Array | string): Promise<void> {
  const partial = partialOf(path);
  try {
    await writeFile(partial, bytes);
    await rename(partial, path);
  } catch (cause) {
    await rm(partial, { force: true }).catch(() => undefined);
    throw writeError(path, cause);
  }
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
      `${path}: there are ${megabytes(room)} left on the disk, but up to ${megabytes(bytes)} will be written; make room, or write elsewhere`,
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

/** Beside the file, so that it can be renamed into its place; hidden, and no other process's. */
function partialOf(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomBytes(4).toString('hex')}.partial`);
}

async function roomIn(path: string): Promise<number> {
  const found = await statfs(path).catch(() => undefined); // not every file system can tell
  return found === undefined ? Infinity : found.bavail * found.bsize;
}

function folderError(path: string, cause: unknown): ProCacheError {
  const reason = REASONS[codeOf(cause)] ?? messageOf(cause);
  return new ProCacheError('execution-failed', `${path}: cannot be used as an output folder: ${reason}`, { cause });
}

function writeError(path: string, cause: unknown): ProCacheError {
  const reason = REASONS[codeOf(cause)] ?? messageOf(cause);
  return new ProCacheError('execution-failed', `${path}: cannot be written: ${reason}`, { cause });
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'you may not write there; choose another folder',
  EPERM: 'you may not write there; choose another folder',
  EROFS: 'it lies on a read-only file system; choose another folder',
  ENOENT: 'no folder can be made there; choose another',
  EEXIST: 'there is a file of that name; choose another folder',
  ENOTDIR: 'a part of the path is a file; choose another folder',
  EISDIR: 'there is a folder of that name; choose another name',
  ENOSPC: 'the disk is full; make room, or write elsewhere',
  EDQUOT: 'your quota on that disk is used up; make room, or write elsewhere',
};

function codeOf(cause: unknown): string {
  return String((cause as NodeJS.ErrnoException | undefined)?.code);
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
