import { openHere, openSame } from './open-here.ts';
import { checkTransformerOptions, type NodeTransformer, type TransformerOptions } from './options.ts';
import { workerTransformer } from './worker-transformer.ts';

/**
 * Opens the transformer in a checkpoint file, a model folder or a diffusers pipeline folder.
 *
 * Reads no more than headers; weights are loaded when a generation needs them. The caller disposes of it.
 *
 * @throws {ProCacheError} `invalid-model`, with the file, the place in it and the way out; `invalid-input` for an
 * option that there is not, or a value that it does not have.
 */
export async function openTransformer(path: string, options: TransformerOptions = {}): Promise<NodeTransformer> {
  checkTransformerOptions(options);
  return options.thread === 'worker' ? openThere(path, options) : openHere(path, options);
}

/** Looks at the model here, and has it opened in a worker thread. */
async function openThere(path: string, options: TransformerOptions): Promise<NodeTransformer> {
  const opened = await openSame(path, options);
  await opened.close();
  const { model, files } = opened;
  return { ...(await workerTransformer(path, { ...options, unchangedSince: files })), model };
}
