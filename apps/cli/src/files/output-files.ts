import { randomBytes } from 'node:crypto';
import { access, chmod, constants, mkdir, rename, rm, rmdir, stat, statfs, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ProCacheError } from '@procache/core';
import { codeOf, messageOf, systemReason } from './system-error.ts';
import { writeTargetOf, writeThrough, type WriteTarget } from './write-target.ts';

type FileTarget = Extract<WriteTarget, { readonly kind: 'file' }>;

/**
 * Writes a file as a whole: whoever looks finds either all of it under its name, or nothing new.
 *
 * Links are followed, and stay what they are. Devices, pipes and standard output take the bytes as they come.
 */
export async function writeWhole(path: string, content: Uint8Array | string): Promise<void> {
  const bytes = typeof content === 'string' ? Buffer.from(content, 'utf8') : content;
  try {
    const target = await writeTargetOf(path);
    if (target.kind === 'file') await replace(target, bytes);
    else await writeThrough(target, bytes);
  } catch (cause) {
    throw writeError(path, cause);
  }
}

async function replace({ path, mode }: FileTarget, bytes: Uint8Array): Promise<void> {
  if (mode !== undefined) await access(path, constants.W_OK); // renaming would not ask
  const partial = partialOf(path);
  try {
    await writeFile(partial, bytes, { flag: 'wx' });
    if (mode !== undefined) await chmod(partial, mode);
    await rename(partial, path);
  } catch (cause) {
    await rm(partial, { force: true }).catch(() => undefined);
    throw cause;
  }
}

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

/** Beside the file, so that it can be renamed into its place; hidden, and no other process's. */
function partialOf(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomBytes(4).toString('hex')}.partial`);
}

async function roomIn(path: string): Promise<number> {
  const found = await statfs(path).catch(() => undefined); // not every file system can tell
  return found === undefined ? Infinity : found.bavail * found.bsize;
}

function folderError(path: string, cause: unknown): ProCacheError {
  const reason = FOLDER_REASONS[codeOf(cause)] ?? systemReason(cause) ?? messageOf(cause);
  return new ProCacheError('execution-failed', `${path}: cannot be used as an output folder: ${reason}`, { cause });
}

function writeError(path: string, cause: unknown): ProCacheError {
  if (cause instanceof ProCacheError) return cause;
  return new ProCacheError(
    'execution-failed',
    `${path}: cannot be written: ${systemReason(cause) ?? messageOf(cause)}`,
    { cause },
  );
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
