import type { Transformer } from '@procache/core';
import type { ConfigJson, TransformerModel } from '@procache/model';
import { ortTransformer } from '@procache/ort';
import { nodeHost } from './host.ts';
import { openModelFiles } from './model-files.ts';
import { remoteTransformer } from './remote.ts';
import { threadCount } from './threads.ts';

export interface TransformerOptions {
  /** Threads that ONNX Runtime computes with, at most `MOST_THREADS`; by default one for each processor that this process may use. */
  readonly threads?: number | undefined;
  /** `'low'`: weights stay in the page cache of the operating system, shared by all graphs, at some cost in speed. */
  readonly memory?: 'normal' | 'low' | undefined;
  /** `'worker'`: everything is computed in a worker thread, and this thread's event loop stays free. */
  readonly thread?: 'main' | 'worker' | undefined;
  /** Fields that add to the model's config.json, such as `num_heads`. */
  readonly config?: ConfigJson | undefined;
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
  const opened = await openModelFiles(path, options.config);
  const { model } = opened;
  if (options.thread === 'worker') {
    await opened.close();
    return { ...(await remoteTransformer(path, options, model)), model };
  }
  const residence = options.memory === 'low' ? 'mapped' : 'packed';
  return { ...ortTransformer(model, nodeHost(options), { residence, onDispose: () => opened.close() }), model };
}
