import type { Dirent } from 'node:fs';
import { lstat, readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ProCacheError } from '@procache/core';
import { readReason } from '@procache/files';
import { cachedSnapshot } from './hub-cache.ts';
import { chooseWeights } from './weight-files.ts';

/** Where the parts of a model lie. */
export interface Located {
  /** The file of the weights, or the index of several. */
  readonly weights: string;
  /** The config.json that belongs to them. */
  readonly config: string | undefined;
  /** The folder of the diffusers pipeline that they are part of. */
  readonly pipeline: string | undefined;
}

/**
 * Finds the parts of what people name as a model: a checkpoint file, an index of shards, a folder with one of them, a
 * diffusers pipeline, or a model's folder in the cache of Hugging Face.
 */
export async function locate(path: string): Promise<Located> {
  const found = await stat(path).catch((cause: unknown) => notThere(path, cause));
  if (found.isDirectory()) return locateInFolder(path);
  return { weights: path, config: await besides(path, 'config.json'), pipeline: await pipelineAround(dirname(path)) };
}

/** A file beside another one, or, where that is a link, beside what it leads to. */
export async function besides(path: string, name: string): Promise<string | undefined> {
  const folders = [dirname(path), dirname(await realpath(path).catch(() => path))];
  for (const folder of new Set(folders)) if (await isThere(join(folder, name))) return join(folder, name);
  return undefined;
}

/** Whether there is something of that name, if only a link that leads nowhere: whoever reads it says so then. */
export function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

async function locateInFolder(folder: string): Promise<Located> {
  const entries = await entriesOf(folder);
  const snapshot = await cachedSnapshot(folder, entries);
  if (snapshot !== undefined) return locateInFolder(snapshot);
  const isFolder = (name: string): boolean => entries.some((entry) => entry.name === name && !entry.isFile());
  const isPipeline =
    entries.some(({ name }) => name === 'model_index.json') || (isFolder('transformer') && isFolder('scheduler'));
  return isPipeline ? locateInPipeline(folder) : located(folder, entries);
}

async function locateInPipeline(folder: string): Promise<Located> {
  const transformer = join(folder, 'transformer');
  if (!(await isThere(transformer))) {
    throw new ProCacheError(
      'invalid-model',
      `${transformer}: there is no such folder, though the pipeline around it needs one; download the transformer too`,
    );
  }
  return { ...(await located(transformer, await entriesOf(transformer))), pipeline: folder };
}

async function located(folder: string, entries: readonly Dirent[]): Promise<Located> {
  const weights = chooseWeights(
    folder,
    entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name),
    await innerFolders(folder, entries),
  );
  const config = entries.some(({ name }) => name === 'config.json') ? join(folder, 'config.json') : undefined;
  return { weights: join(folder, weights), config, pipeline: await pipelineAround(folder) };
}

/** The pipeline that a folder is the transformer of: its scheduler says what noise the model was trained with. */
async function pipelineAround(folder: string): Promise<string | undefined> {
  const [whole, above] = [await realpath(folder).catch(() => folder), dirname(folder)];
  return basename(whole) === 'transformer' && (await isThere(join(above, 'model_index.json'))) ? above : undefined;
}

/** Folders in a folder that are looked into, to say where a checkpoint may be. */
const MOST_FOLDERS = 20;

/** What the folders in a folder hold, to say where there is a checkpoint. */
async function innerFolders(
  folder: string,
  entries: readonly Dirent[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const inner = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.')).slice(0, MOST_FOLDERS);
  return new Map(
    await Promise.all(
      inner.map(async ({ name }) => [name, await readdir(join(folder, name)).catch((): string[] => [])] as const),
    ),
  );
}

function entriesOf(folder: string): Promise<readonly Dirent[]> {
  return readdir(folder, { withFileTypes: true }).catch((cause: unknown) => {
    throw new ProCacheError('invalid-model', `${folder}: the folder cannot be read: ${readReason(cause)}`, { cause });
  });
}

function notThere(path: string, cause: unknown): never {
  const isMissing = ['ENOENT', 'ENOTDIR'].includes(String((cause as NodeJS.ErrnoException).code));
  const problem = isMissing ? 'there is no such file or folder' : readReason(cause);
  throw new ProCacheError(
    'invalid-model',
    `${path}: ${problem}; give a checkpoint file, a model folder, or the name of a zoo model`,
    { cause },
  );
}
