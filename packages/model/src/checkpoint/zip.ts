import { crc32 } from '@foxglove/crc';
import { shownName } from '@procache/core/untrusted';
import { Inflate } from 'fflate';

import { type ByteSource, rangeOf, viewOf } from './byte-source.ts';
import { checkRecord } from './check-records.ts';
import { type StoredRecord } from './checkpoint.ts';
import { refusalOf } from './refusal.ts';
import { utf8Of } from './utf8.ts';
import { type ZipEntry } from './zip-directory.ts';

const localHeaderSignature = 0x04034b50;
const localHeaderLength = 30;
const stored = 0;
const deflated = 8;
const encryptedFlag = 1;

/**
 * The range of an entry that is stored uncompressed.
 *
 * The directory does not say where it begins: the entry's own header comes first, and torch pads it so that tensors
 * are aligned.
 */
export async function storedRecord(source: ByteSource, entry: ZipEntry): Promise<StoredRecord> {
  const name = shownName(entry.name);
  if (entry.method !== stored || entry.packedSize !== entry.size) {
    throw refusalOf(source)(
      `'${name}' is compressed from ${entry.size} to ${entry.packedSize} bytes and cannot be read in ranges; ` +
        `unzip the file and zip it again without compression (zip -0), or save it with torch.save`,
    );
  }
  return { name, offset: await packedOffset(source, entry), length: entry.size, crc32: entry.crc32 };
}

/** The bytes of an entry, unpacked; at most `limit` of them. They have the checksum that the directory notes. */
export async function readEntry(source: ByteSource, entry: ZipEntry, limit: number): Promise<Uint8Array> {
  const name = shownName(entry.name);
  if (entry.size > limit) {
    throw refusalOf(source)(
      `'${name}' takes ${entry.size} bytes but ${limit} is the limit; this is not a checkpoint of a model`,
    );
  }
  const bytes = await unpacked(source, entry);
  checkRecord(source, { name, crc32: entry.crc32 }, crc32(bytes));
  return bytes;
}

async function unpacked(source: ByteSource, entry: ZipEntry): Promise<Uint8Array> {
  const refuse = refusalOf(source);
  if (entry.method === stored) return rangeOf(source, (await storedRecord(source, entry)).offset, entry.size);
  const name = shownName(entry.name);
  if (entry.method !== deflated) {
    throw refuse(
      `'${name}' is packed by method ${entry.method}, which is not read here; save the file with torch.save`,
    );
  }
  const packed = await rangeOf(source, await packedOffset(source, entry), entry.packedSize);
  const bytes = inflate(packed, entry.size);
  if (bytes === undefined) {
    throw refuse(`'${name}' does not unpack to its ${entry.size} bytes; the file is damaged, download it again`);
  }
  return bytes;
}

/** Packed bytes that are unpacked at once: they become a thousand times as many at most. */
const pieceLength = 2 ** 14;

/** The `size` bytes that are packed; nothing where they are damaged, or are more or fewer. */
function inflate(packed: Uint8Array, size: number): Uint8Array | undefined {
  const bytes = new Uint8Array(size);
  let length = 0;
  const stream = new Inflate((piece) => {
    bytes.set(piece, length); // throws where there are too many
    length += piece.length;
  });
  try {
    for (let at = 0; at < packed.length; at += pieceLength) {
      stream.push(packed.subarray(at, at + pieceLength), at + pieceLength >= packed.length);
    }
  } catch {
    return undefined;
  }
  return length === size ? bytes : undefined;
}

async function packedOffset(source: ByteSource, entry: ZipEntry): Promise<number> {
  const refuse = refusalOf(source);
  const shown = shownName(entry.name);
  if ((entry.flags & encryptedFlag) !== 0) throw refuse(`'${shown}' is encrypted; decrypt the file first`);
  const name = utf8Of(entry.name);
  const header = await rangeOf(source, entry.headerOffset, localHeaderLength + name.length);
  const view = viewOf(header);
  if (view.getUint32(0, true) !== localHeaderSignature || !endsWith(header, name)) {
    throw refuse(
      `'${shown}' does not begin at byte ${entry.headerOffset} as the zip directory says; ` +
        `the file is damaged, download it again`,
    );
  }
  const offset = entry.headerOffset + localHeaderLength + view.getUint16(26, true) + view.getUint16(28, true);
  if (offset + entry.packedSize > source.size) {
    throw refuse(
      `'${shown}' ends at byte ${offset + entry.packedSize} but the file has ${source.size}; ` +
        `it is cut short, download it again`,
    );
  }
  return offset;
}

function endsWith(bytes: Uint8Array, end: Uint8Array): boolean {
  const from = bytes.length - end.length;
  return end.every((byte, i) => bytes[from + i] === byte);
}
