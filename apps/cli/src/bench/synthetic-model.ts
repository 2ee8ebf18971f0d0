import { createHash } from 'node:crypto';
import { mkdir, open, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ProCacheError, uniforms } from '@procache/core';

/** The extents of a published DiT: its real dimensions, for measuring time and memory without its weights. */
export interface DitShape {
  readonly depth: number;
  readonly hidden: number;
  readonly heads: number;
  readonly patch: number;
  readonly size: number;
  readonly channels: number;
  readonly classes: number;
}

const LATENT = { patch: 2, size: 32, channels: 4, classes: 1000 };

/** Peebles and Xie, 2023, Table 1, for 256x256 images. */
export const DIT_SHAPES: Readonly<Record<string, DitShape>> = {
  'dit-s/2': { ...LATENT, depth: 12, hidden: 384, heads: 6 },
  'dit-b/2': { ...LATENT, depth: 12, hidden: 768, heads: 12 },
  'dit-l/2': { ...LATENT, depth: 24, hidden: 1024, heads: 16 },
  'dit-xl/2': { ...LATENT, depth: 28, hidden: 1152, heads: 16 },
};

/**
 * A model folder of that shape with random weights, written once into the cache folder.
 *
 * The weights are small enough that no activation overflows; the images mean nothing.
 */
export async function syntheticModel(name: string, cacheFolder: string): Promise<string> {
  const shape = DIT_SHAPES[name.toLowerCase()];
  if (!shape) throw new ProCacheError('invalid-input', `there is no shape '${name}'; there are ${Object.keys(DIT_SHAPES).join(', ')}`);
  const tensors = tensorsOf(shape);
  const header = headerOf(tensors);
  const id = createHash('sha256').update(header).digest('hex').slice(0, 12);
  const folder = join(cacheFolder, `${name.toLowerCase().replaceAll('/', '-')}-${id}`);
  const file = join(folder, 'model.safetensors');
  const complete = await stat(file).catch(() => undefined);
  if (complete) return folder;
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'config.json'), JSON.stringify({ num_heads: shape.heads, num_classes: shape.classes }));
  const partial = `${file}.partial`;
  try {
    await writeWeights(partial, header, tensors);
    await rename(partial, file);
  } catch (cause) {
    await rm(partial, { force: true });
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new ProCacheError('execution-failed', `cannot write ${gigabytes(tensors)} GB of synthetic weights to ${folder}: ${message}`, { cause });
  }
  return folder;
}

type TensorShapes = readonly (readonly [name: string, shape: readonly number[]])[];

function tensorsOf({ depth, hidden, patch, size, channels, classes }: DitShape): TensorShapes {
  const linear = (name: string, out: number, inner: number): TensorShapes => [[`${name}.weight`, [out, inner]], [`${name}.bias`, [out]]];
  const block = (i: number): TensorShapes => [
    ...linear(`blocks.${i}.attn.qkv`, 3 * hidden, hidden),
    ...linear(`blocks.${i}.attn.proj`, hidden, hidden),
    ...linear(`blocks.${i}.mlp.fc1`, 4 * hidden, hidden),
    ...linear(`blocks.${i}.mlp.fc2`, hidden, 4 * hidden),
    ...linear(`blocks.${i}.adaLN_modulation.1`, 6 * hidden, hidden),
  ];
  return [
    ['pos_embed', [1, (size / patch) ** 2, hidden]],
    ['x_embedder.proj.weight', [hidden, channels, patch, patch]],
    ['x_embedder.proj.bias', [hidden]],
    ...linear('t_embedder.mlp.0', hidden, 256),
    ...linear('t_embedder.mlp.2', hidden, hidden),
    ['y_embedder.embedding_table.weight', [classes + 1, hidden]],
    ...Array.from({ length: depth }, (_, i) => block(i)).flat(),
    ...linear('final_layer.adaLN_modulation.1', 2 * hidden, hidden),
    ...linear('final_layer.linear', patch * patch * 2 * channels, hidden),
  ];
}

function bytesOf(shape: readonly number[]): number {
  return 4 * shape.reduce((product, extent) => product * extent, 1);
}

function gigabytes(tensors: TensorShapes): string {
  return (tensors.reduce((sum, [, shape]) => sum + bytesOf(shape), 0) / 1e9).toFixed(1);
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

/** Numbers uniform in ±0.03, from a pool that is laid out again and again: gigabytes need not be fresh, only arbitrary. */
async function writeWeights(file: string, header: Buffer, tensors: TensorShapes): Promise<void> {
  const next = uniforms(0);
  const pool = Float32Array.from({ length: 2 ** 20 + 7 }, () => (next() - 0.5) * 0.06);
  const bytes = Buffer.from(pool.buffer);
  const handle = await open(file, 'w');
  try {
    await handle.write(header);
    let left = tensors.reduce((sum, [, shape]) => sum + bytesOf(shape), 0);
    while (left > 0) {
      const { bytesWritten } = await handle.write(bytes, 0, Math.min(left, bytes.length));
      left -= bytesWritten;
    }
  } finally {
    await handle.close();
  }
}
