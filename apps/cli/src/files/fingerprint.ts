import { createHash } from 'node:crypto';
import { openFile } from '@procache/backend-node';
import type { ByteSource, Checkpoint } from '@procache/model';

const PIECES = 16;
const PIECE_BYTES = 65536;

/**
 * Tells the weights of a checkpoint from others, without reading all of them: 16 hex digits.
 *
 * It is the start of a SHA-256 over the size of each file and 16 pieces of it, 64 KiB each, spread
 * evenly from its first byte (where the header of a safetensors file is) to its last. Training
 * changes every weight, so it changes every piece; a copy under another name has the same fingerprint.
 */
export function fingerprintOf({ tensors }: Checkpoint): Promise<string> {
  return fingerprintOfSources(new Set([...tensors.values()].map(({ source }) => source)));
}

/** Tells any other file from others in the same way. */
export async function fingerprintOfFile(path: string): Promise<string> {
  const source = await openFile(path, { what: 'a file' });
  try {
    return await fingerprintOfSources(new Set([source]));
  } finally {
    await source.close();
  }
}

async function fingerprintOfSources(sources: ReadonlySet<ByteSource>): Promise<string> {
  const hash = createHash('sha256');
  for (const source of [...sources].sort((a, b) => a.name.localeCompare(b.name, 'en'))) {
    hash.update(`${source.size}\n`);
    for (const piece of await piecesOf(source)) hash.update(piece);
  }
  return hash.digest('hex').slice(0, 16);
}

function piecesOf(source: ByteSource): Promise<readonly Uint8Array[]> {
  const length = Math.min(PIECE_BYTES, source.size);
  const starts = Array.from({ length: PIECES }, (_, i) => Math.floor((i * (source.size - length)) / (PIECES - 1)));
  return Promise.all([...new Set(starts)].map((start) => source.read(start, length)));
}
