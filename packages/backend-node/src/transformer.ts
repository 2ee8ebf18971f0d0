import type { Transformer } from '@procache/core';
import type { ConfigJson, TransformerModel } from '@procache/model';
import { ortTransformer } from '@procache/ort';
import { checkSame, type FileIdentity } from './file-identity.ts';
import { nodeHost } from './host.ts';
import { type OpenedModel, openModelFiles } from './model-files.ts';
import { remoteTransformer } from './remote.ts';
import { steady } from './steady.ts';
import { threadCount } from './threads.ts';

export interface TransformerOptions {
  /**
   * Threads that ONNX Runtime computes with, at most `MOST_THREADS`; by default one for each processor that this
   * process may use.
   */
  readonly threads?: number | undefined;
  /** `'low'`: weights stay in the page cache of the operating system, shared by all graphs, at some cost in speed. */
  readonly memory?: 'normal' | 'low' | undefined;
  /** `'worker'`: everything is computed in a worker thread, and this thread's event loop stays free. */
  readonly thread?: 'main' | 'worker' | undefined;
  /** Fields that add to the model's config.json, such as `num_heads`. */
  readonly config?: ConfigJson | undefined;
  /**
   * The files as somebody has looked at them before (`OpenedModel.files`): nothing is opened if they are others by now.
   */
  readonly unchangedSince?: readonly FileIdentity[] | undefined;
}

/** A transformer on this machine, and what is known about its model. Its features are opaque handles. */
export interface NodeTransformer extends Transformer<unknown> {
  readonly model: TransformerModel;
}

/**
 * Opens the transformer in a checkpoint file, a model folder or a diffusers pipeline folder.
 *
 * Reads no more than headers; weights are loaded when a generation needs them. The caller disposes of it.
 *
 * @throws {ProCacheError} `invalid-model`, with the file, the place in it and the way out.
 */
export async function openTransformer(path: string, options: TransformerOptions = {}): Promise<NodeTransformer> {
  threadCount(options.threads);
  const opened = await openSame(path, options);
  return options.thread === 'worker' ? openThere(path, options, opened) : openHere(options, opened);
}

/** Opens the files, and makes sure that they are those that were looked at before. */
async function openSame(path: string, { config, unchangedSince }: TransformerOptions): Promise<OpenedModel> {
  const opened = await openModelFiles(path, config);
  try {
    if (unchangedSince) checkSame(unchangedSince, opened.files);
    return opened;
  } catch (cause) {
    await opened.close();
    throw cause;
  }
}

function openHere(options: TransformerOptions, opened: OpenedModel): NodeTransformer {
  const { model, files } = opened;
  const residence = options.memory === 'low' ? 'mapped' : 'packed';
  const transformer = ortTransformer(model, nodeHost(options), { residence, onDispose: () => opened.close() });
  return { ...steady(transformer, files), model };
}

async function openThere(path: string, options: TransformerOptions, opened: OpenedModel): Promise<NodeTransformer> {
  await opened.close();
  const { model, files } = opened;
  return { ...(await remoteTransformer(path, { ...options, unchangedSince: files }, model)), model };
}
