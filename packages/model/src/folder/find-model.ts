import { ProCacheError } from '@procache/core';
import { type Folder, within } from './folder.ts';
import { chooseWeightFiles, USUAL_NAMES } from './weight-files.ts';

/** Where the parts of a model lie. */
export interface FoundModel {
  /** The folder of its weights and its config.json. */
  readonly folder: Folder;
  /** The file of the weights in there, or the index of several. */
  readonly weights: string;
  /** The diffusers pipeline that it is part of: its scheduler says what noise the model was trained with. */
  readonly pipeline: Folder | undefined;
}

/** Where the transformer of a diffusers pipeline lies. */
const TRANSFORMER = 'transformer';
/** What a diffusers pipeline says about itself. */
export const PIPELINE_INDEX = 'model_index.json';

/**
 * Finds the parts of the model in a folder: one with weights, or a diffusers pipeline.
 *
 * @throws {ProCacheError} `invalid-model` where there is none, or which of several is meant is not to be seen.
 */
export async function findModel(folder: Folder): Promise<FoundModel> {
  const names = await folder.names?.('');
  const isPipeline = names
    ? names.includes(PIPELINE_INDEX) || [TRANSFORMER, 'scheduler'].every((part) => names.includes(`${part}/`))
    : (await folder.open(PIPELINE_INDEX)) !== undefined;
  if (!isPipeline) return { folder, weights: await weightsIn(folder), pipeline: undefined };
  const transformer = within(folder, TRANSFORMER);
  return { folder: transformer, weights: await weightsIn(transformer), pipeline: folder };
}

async function weightsIn(folder: Folder): Promise<string> {
  if (folder.names === undefined) return usualWeights(folder);
  const names = await folder.names('');
  if (names === undefined) {
    throw new ProCacheError(
      'invalid-model',
      `${folder.name}: there is no such folder, though the pipeline around it needs one; download the transformer too`,
    );
  }
  const files = names.filter((name) => !name.endsWith('/'));
  return chooseWeightFiles(folder.name, files, await innerFolders(folder, names));
}

/** The first of the usual names that there is. */
async function usualWeights(folder: Folder): Promise<string> {
  for (const name of USUAL_NAMES) if (await folder.open(name)) return name;
  throw new ProCacheError(
    'invalid-model',
    `${folder.name}: there is none of the files that hold a model's weights (${USUAL_NAMES.join(', ')}); ` +
      `name the file itself`,
  );
}

/** Folders in a folder that are looked into, to say where a checkpoint may be. */
const MOST_FOLDERS = 20;

/** What the folders in a folder hold, to say where there is a checkpoint. */
async function innerFolders(folder: Folder, names: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> {
  const inner = names.filter((name) => name.endsWith('/') && !name.startsWith('.')).slice(0, MOST_FOLDERS);
  const held = inner.map(async (name) => {
    const path = name.slice(0, -1);
    const own = await folder.names!(path).catch(() => undefined);
    return [path, (own ?? []).filter((file) => !file.endsWith('/'))] as const;
  });
  return new Map(await Promise.all(held));
}
