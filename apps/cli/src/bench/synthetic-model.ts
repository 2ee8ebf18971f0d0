import { createHash } from 'node:crypto';
import { open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ProCacheError, uniforms } from '@procache/core';
import { messageOf } from '@procache/core/untrusted';
import { openOutputFolder, writeReason, writeWhole } from '@procache/files';
import { configOf, shapeNamed, type TensorShapes, tensorsOf } from '../shapes/dit-shapes.ts';

/**
 * A model folder of that shape with random weights, written once into the cache folder.
 *
 * The weights are small enough that no activation overflows; the images mean nothing. `signal` stops the writing.
 */
export async function syntheticModel(name: string, cacheFolder: string, signal: AbortSignal): Promise<string> {
  const shape = shapeNamed(name);
  const tensors = tensorsOf(shape);
  const header = headerOf(tensors);
  const id = createHash('sha256').update(header).digest('hex').slice(0, 12);
  const folder = join(cacheFolder, `${name.toLowerCase().replaceAll('/', '-')}-${id}`);
  const file = join(folder, 'model.safetensors');
  const complete = await stat(file).catch(() => undefined);
  if (complete) return folder;
  const made = await openOutputFolder(folder, header.length + bytesOfAll(tensors));
  const partial = `${file}.partial`;
  try {
    await writeWhole(join(folder, 'config.json'), JSON.stringify(configOf(shape)));
    await writeWeights(partial, { header, tensors, signal });
    await rename(partial, file);
  } catch (cause) {
    for (const path of [partial, join(folder, 'config.json')]) await rm(path, { force: true });
    await made.abandon();
    if (signal.aborted) throw cause;
    const problem = writeReason(cause) ?? messageOf(cause);
    throw new ProCacheError(
      'execution-failed',
      `${folder}: ${(bytesOfAll(tensors) / 1e9).toFixed(1)} GB of synthetic weights cannot be written there: ${problem}`,
      { cause },
    );
  }
  return folder;
}

function bytesOf(shape: readonly number[]): number {
  return 4 * shape.reduce((product, extent) => product * extent, 1);
}

function bytesOfAll(tensors: TensorShapes): number {
  return tensors.reduce((sum, [, shape]) => sum + bytesOf(shape), 0);
}

/** The length and the text of a safetensors header. */
function headerOf(tensors: TensorShapes): Buffer {
  let offset = 0;
  const entries = tensors.map(([name, shape]) => {
    const entry = { dtype: 'F32', shape, data_offsets: [offset, offset + bytesOf(shape)] };
    offset += bytesOf(shape);
    return [name, entry] as const;
  });
  const text = JSON.stringify(Object.fromEntries(entries));
  const padded = Buffer.from(text.padEnd(Math.ceil(text.length / 8) * 8, ' '));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  return Buffer.concat([length, padded]);
}

/**
 * Numbers uniform in ±0.03, from a pool that is laid out again and again: gigabytes need not be fresh, only arbitrary.
 */
async function writeWeights(
  file: string,
  {
    header,
    tensors,
    signal,
  }: { readonly header: Buffer; readonly tensors: TensorShapes; readonly signal: AbortSignal },
): Promise<void> {
  const next = uniforms(0);
  const pool = Float32Array.from({ length: 2 ** 20 + 7 }, () => (next() - 0.5) * 0.06);
  const bytes = Buffer.from(pool.buffer);
  const handle = await open(file, 'w');
  try {
    await handle.write(header);
    let left = bytesOfAll(tensors);
    while (left > 0) {
      signal.throwIfAborted();
      const { bytesWritten } = await handle.write(bytes, 0, Math.min(left, bytes.length));
      left -= bytesWritten;
    }
  } finally {
    await handle.close();
  }
}
