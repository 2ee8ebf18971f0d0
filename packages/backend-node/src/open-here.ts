import { ortTransformer } from '@procache/ort';
import { checkSame } from './file-identity.ts';
import { nodeHost } from './host.ts';
import { type OpenedModelFiles, openModelFiles } from './model-files.ts';
import type { NodeTransformer, TransformerOptions } from './options.ts';
import { steady } from './steady.ts';

/** Opens a transformer that computes in this thread. */
export async function openHere(path: string, options: TransformerOptions): Promise<NodeTransformer> {
  const opened = await openSame(path, options);
  const { model, files } = opened;
  const residence = options.memory === 'low' ? 'mapped' : 'packed';
  const transformer = ortTransformer(model, nodeHost(options), { residence, onDispose: () => opened.close() });
  return { ...steady(transformer, files), model };
}

/** Opens the files, and makes sure that they are those that were looked at before. */
export async function openSame(
  path: string,
  { config, latentSize, unchangedSince }: TransformerOptions,
): Promise<OpenedModelFiles> {
  const opened = await openModelFiles(path, config, latentSize);
  try {
    if (unchangedSince) checkSame(unchangedSince, opened.files);
    return opened;
  } catch (cause) {
    await opened.close();
    throw cause;
  }
}
