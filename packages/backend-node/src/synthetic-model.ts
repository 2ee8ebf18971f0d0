import { createHash } from 'node:crypto';
import { open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ProCacheError } from '@procache/core';
import { messageOf } from '@procache/core/untrusted';
import { openOutputFolder, writeReason, writeWhole } from '@procache/files';
import { publishedShape, randomWeights } from '@procache/model';

/**
 * A model folder of a published size, such as `dit-xl/2`, with random weights, for measuring time and memory: written
 * once into the cache folder, and found there from then on. What it draws means nothing. `signal` stops the writing.
 *
 * @throws {ProCacheError} `invalid-input` where there is no such size; `execution-failed` where it cannot be written.
 */
export async function syntheticModel(asked: string, cacheFolder: string, signal: AbortSignal): Promise<string> {
  const { name, tensors, config } = publishedShape(asked);
  const { header, bytes, pieces } = randomWeights(tensors);
  const id = createHash('sha256').update(header).digest('hex').slice(0, 12);
  const folder = join(cacheFolder, `${name.replaceAll('/', '-')}-${id}`);
  const file = join(folder, 'model.safetensors');
  if (await stat(file).catch(() => undefined)) return folder;
  const made = await openOutputFolder(folder, bytes);
  const partial = `${file}.partial`;
  try {
    await writeWhole(join(folder, 'config.json'), JSON.stringify(config));
    await writePieces(partial, pieces(), signal);
    await rename(partial, file);
  } catch (cause) {
    for (const path of [partial, join(folder, 'config.json')]) await rm(path, { force: true });
    await made.abandon();
    if (signal.aborted) throw cause;
    throw new ProCacheError(
      'execution-failed',
      `${folder}: ${(bytes / 1e9).toFixed(1)} GB of synthetic weights cannot be written there: ` +
        (writeReason(cause) ?? messageOf(cause)),
      { cause },
    );
  }
  return folder;
}

async function writePieces(file: string, pieces: Iterable<Uint8Array>, signal: AbortSignal): Promise<void> {
  const handle = await open(file, 'w');
  try {
    for (const piece of pieces) {
      signal.throwIfAborted();
      await handle.writeFile(piece);
    }
  } finally {
    await handle.close();
  }
}
