import {
  findModel,
  type Folder,
  type FoundModel,
  isCheckpointName,
  openFolder,
  openModel,
  type TransformerModel,
} from '@procache/model';
import { filesFolder } from './files-folder.ts';
import type { ModelSource, TransformerOptions } from './options.ts';
import { Loading } from './progress.ts';
import { urlFolder } from './url-folder.ts';

/** A model whose headers were read. */
export interface OpenedModel {
  readonly found: FoundModel;
  readonly model: TransformerModel;
  readonly loading: Loading | undefined;
}

/** The folder that a source stands for. */
export function folderOf(source: ModelSource, signal?: AbortSignal, loading?: Loading): Folder {
  if (typeof source === 'string' || source instanceof URL) return urlFolder(source, { signal, loading });
  return 'open' in source ? source : filesFolder(source);
}

/** What an address of a single checkpoint stands for: the file in its folder. */
function fileOf(source: ModelSource, signal?: AbortSignal, loading?: Loading): FoundModel | undefined {
  if (typeof source !== 'string' && !(source instanceof URL)) return undefined;
  const address = new URL(source, globalThis.location.href);
  const name = decodeURIComponent(address.pathname.slice(address.pathname.lastIndexOf('/') + 1));
  if (!isCheckpointName(name)) return undefined;
  return { folder: urlFolder(new URL('.', address), { signal, loading }), weights: name, pipeline: undefined };
}

/**
 * Reads the headers of a model.
 *
 * @throws {ProCacheError} `invalid-model`, with the file, the place in it and the way out.
 */
export async function openSource(
  source: ModelSource,
  { config = {}, latentSize, signal, onProgress }: TransformerOptions,
): Promise<OpenedModel> {
  const loading = onProgress && new Loading(onProgress);
  const found = fileOf(source, signal, loading) ?? (await findModel(folderOf(source, signal, loading)));
  const opened = await openFolder(found.folder, found);
  const model = await openModel(opened.checkpoint, opened.config.with(config), undefined, latentSize);
  return { found, model, loading };
}
