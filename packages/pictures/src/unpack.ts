import { Unzlib } from 'fflate';
import { concatenated } from './bytes.ts';

/** Bytes that are unpacked at a time: of these nobody makes more than 1032 times as many. */
const PIECE = 16_384;

/**
 * What a zlib stream unpacks to, or undefined where that is more than `most` bytes: a few kilobytes can hold gigabytes,
 * so it is unpacked piece by piece. Throws what fflate throws where the stream is damaged.
 */
export function unpackedWithin(packed: Uint8Array, most: number): Uint8Array | undefined {
  const parts: Uint8Array[] = [];
  let size = 0;
  const stream = new Unzlib((part) => {
    size += part.length;
    parts.push(part);
  });
  for (let at = 0; at === 0 || at < packed.length; at += PIECE) {
    stream.push(packed.subarray(at, at + PIECE), at + PIECE >= packed.length);
    if (size > most) return undefined;
  }
  return concatenated(parts);
}
