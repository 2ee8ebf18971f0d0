import { openHere, openSame } from './open-here.ts';
import type { NodeTransformer, TransformerOptions } from './options.ts';
import { threadCount } from './threads.ts';
import { workerTransformer } from './worker-transformer.ts';

/**
 * Opens the transformer in a checkpoint file, a model folder or a diffusers pipeline folder.
 *
 * Reads no more than headers; weights are loaded when a generation needs them. The caller disposes of it.
 *
 * @throws {ProCacheError} `invalid-model`, with the file, the place in it and the way out.
 */
export async function openTransformer(path: string, options: TransformerOptions = {}): Promise<NodeTransformer> {
  threadCount(options.threads);
  return options.thread === 'worker' ? openThere(path, options) : openHere(path, options);
}

/** Looks at the model here, and has it opened in a worker thread. */
async function openThere(path: string, options: TransformerOptions): Promise<NodeTransformer> {
  const opened = await openSame(path, options);
  await opened.close();
  const { model, files } = opened;
  return { ...(await workerTransformer(path, { ...options, unchangedSince: files })), model };
}
