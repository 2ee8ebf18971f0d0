import { realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ProCacheError } from '@procache/core';
import { codeOf, readReason } from '@procache/files';
import { findModel, type FoundModel } from '@procache/model';
import { cachedSnapshot } from './hub-cache.ts';
import { isThere, type OpenFiles } from './node-folder.ts';

/**
 * Finds the parts of what people name as a model: a checkpoint file, an index of shards, a folder with one of them, a
 * diffusers pipeline, or a model's folder in the cache of Hugging Face.
 */
export async function locate(path: string, files: OpenFiles): Promise<FoundModel> {
  const named = await stat(path).catch((cause: unknown) => notThere(path, cause));
  const place = named.isDirectory() ? await cachedSnapshot(path) : dirname(path);
  const folder = files.folder(place);
  const found = named.isDirectory()
    ? await findModel(folder)
    : { folder, weights: basename(path), pipeline: undefined };
  const around = found.pipeline ? undefined : await pipelineAround(place);
  return around === undefined ? found : { ...found, pipeline: files.folder(around) };
}

/** The pipeline that a folder is the transformer of: its scheduler says what noise the model was trained with. */
async function pipelineAround(folder: string): Promise<string | undefined> {
  const [whole, above] = [await realpath(folder).catch(() => folder), dirname(folder)];
  return basename(whole) === 'transformer' && (await isThere(join(above, 'model_index.json'))) ? above : undefined;
}

function notThere(path: string, cause: unknown): never {
  const isMissing = ['ENOENT', 'ENOTDIR'].includes(codeOf(cause));
  const problem = isMissing ? 'there is no such file or folder' : readReason(cause);
  throw new ProCacheError(
    'invalid-model',
    `${path}: ${problem}; give a checkpoint file, a model folder, or the name of a zoo model`,
    { cause },
  );
}
