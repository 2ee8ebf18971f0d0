import { ProCacheError } from '@procache/core';
import { fingerprintOf } from '@procache/files';
import { sourcesOf } from '@procache/model';
import { checkUnchanged } from './file-identity.ts';
import { openCheckpointFiles } from './model-files.ts';
import type { ModelHeaders } from './model-headers.ts';
import type { NodeTransformer, TransformerOptions } from './options.ts';
import { openTransformer } from './transformer.ts';

/**
 * Opens the model whose headers were read, and no other that has taken the place of its files since. The caller
 * disposes of it.
 */
export function openFromHeaders(
  { path, config, latentSize, files }: Pick<ModelHeaders, 'path' | 'config' | 'latentSize' | 'files'>,
  options: Omit<TransformerOptions, 'config' | 'latentSize' | 'unchangedSince'> = {},
): Promise<NodeTransformer> {
  const { thread, threads, memory } = options;
  return openTransformer(path, { thread, threads, memory, config, latentSize, unchangedSince: files });
}

/**
 * Checks that a model's files are still those whose headers were read: to be asked after each part of long work, since
 * graphs point into the files and are opened again and again, so whoever replaces one changes the model halfway.
 *
 * Other weights are told from the same in a file that was only touched. Their message begins with `name` and ends with
 * `advice`, the way out.
 *
 * @throws {ProCacheError} `invalid-model`, with what became of them.
 */
export async function checkSameWeights(
  { path, files, fingerprint }: Pick<ModelHeaders, 'path' | 'files' | 'fingerprint'>,
  { name, advice }: { readonly name: string; readonly advice: string },
): Promise<void> {
  try {
    checkUnchanged(files);
  } catch (cause) {
    const now = await currentFingerprint(path);
    if (now === fingerprint) throw cause;
    throw new ProCacheError(
      'invalid-model',
      `${name}: its weights were replaced while they were in use (fingerprint ${fingerprint} before, ${now} now); ` +
        advice,
      { cause },
    );
  }
}

async function currentFingerprint(path: string): Promise<string> {
  const opened = await openCheckpointFiles(path);
  try {
    return await fingerprintOf(sourcesOf(opened.checkpoint));
  } finally {
    await opened.close();
  }
}
