import { createHash } from 'node:crypto';
import { openRegular, readRange } from './regular-file.ts';

const PIECES = 16;
const PIECE_BYTES = 65536;

/** Bytes that are read in pieces: an open file, or what stands for one. */
export interface Bytes {
  /** By which several are put in order. */
  readonly name: string;
  /** In bytes. */
  readonly size: number;
  /** As many bytes as are asked for, which lie within `size`. */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/**
 * Tells files from others, such as the weights of a checkpoint, without reading all of them: 16 hex digits.
 *
 * It is the start of a SHA-256 over the size of each file and 16 pieces of it, 64 KiB each, spread evenly from its
 * first byte (where the header of a safetensors file is) to its last. Training changes every weight, so it changes
 * every piece; a copy under another name has the same fingerprint.
 */
export async function fingerprintOf(files: Iterable<Bytes>): Promise<string> {
  const hash = createHash('sha256');
  for (const file of [...files].sort((a, b) => a.name.localeCompare(b.name, 'en'))) {
    hash.update(`${file.size}\n`);
    for (const piece of await piecesOf(file)) hash.update(piece);
  }
  return hash.digest('hex').slice(0, 16);
}

/** The fingerprint of one regular file: see `fingerprintOf`. */
export async function fingerprintOfFile(path: string): Promise<string> {
  const { handle, stats } = await openRegular(path, { what: 'a file' });
  const read = (offset: number, length: number): Promise<Uint8Array> => readRange(handle, offset, length);
  try {
    return await fingerprintOf([{ name: path, size: stats.size, read }]);
  } finally {
    await handle.close();
  }
}

function piecesOf(file: Bytes): Promise<readonly Uint8Array[]> {
  const length = Math.min(PIECE_BYTES, file.size);
  const starts = Array.from({ length: PIECES }, (_, i) => Math.floor((i * (file.size - length)) / (PIECES - 1)));
  return Promise.all([...new Set(starts)].map((start) => file.read(start, length)));
}
