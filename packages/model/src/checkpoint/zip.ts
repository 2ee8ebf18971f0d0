import { inflateSync } from 'fflate';

import { type ByteSource, readRange, viewOf } from './byte-source.ts';
import { refusalOf } from './refusal.ts';
import { type ZipEntry } from './zip-directory.ts';

const localHeaderSignature = 0x04034b50;
const localHeaderLength = 30;
const stored = 0;
const deflated = 8;
const encryptedFlag = 1;

/**
 * Where the bytes of an entry that is stored uncompressed begin in the file.
 *
 * The directory does not say: the entry's own header comes first, and torch pads it so that tensors
 * are aligned.
 */
export async function storedOffset(source: ByteSource, entry: ZipEntry): Promise<number> {
  if (entry.method !== stored || entry.packedSize !== entry.size) {
    throw refusalOf(source)(
      `'${entry.name}' is compressed from ${entry.size} to ${entry.packedSize} bytes and cannot be read in ranges; unzip the file and zip it again without compression (zip -0), or save it with torch.save`,
    );
  }
  return packedOffset(source, entry);
}

/** The bytes of an entry, unpacked; at most `limit` of them. */
export async function readEntry(source: ByteSource, entry: ZipEntry, limit: number): Promise<Uint8Array> {
  const refuse = refusalOf(source);
  if (entry.size > limit) {
    throw refuse(`'${entry.name}' takes ${entry.size} bytes but ${limit} is the limit; this is not a checkpoint of a model`);
  }
  if (entry.method === stored) return readRange(source, await storedOffset(source, entry), entry.size);
  if (entry.method !== deflated) {
    throw refuse(`'${entry.name}' is packed by method ${entry.method}, which is not read here; save the file with torch.save`);
  }
  const packed = await readRange(source, await packedOffset(source, entry), entry.packedSize);
  const bytes = inflate(packed, entry.size);
  if (bytes?.length !== entry.size) {
    throw refuse(`'${entry.name}' does not unpack to its ${entry.size} bytes; the file is damaged, download it again`);
  }
  return bytes;
}

function inflate(packed: Uint8Array, size: number): Uint8Array | undefined {
  try {
    return inflateSync(packed, { out: new Uint8Array(size) });
  } catch {
    return undefined;
  }
}

async function packedOffset(source: ByteSource, entry: ZipEntry): Promise<number> {
  const refuse = refusalOf(source);
  if ((entry.flags & encryptedFlag) !== 0) throw refuse(`'${entry.name}' is encrypted; decrypt the file first`);
  const header = viewOf(await readRange(source, entry.headerOffset, localHeaderLength));
  if (header.getUint32(0, true) !== localHeaderSignature) {
    throw refuse(`'${entry.name}' does not begin at byte ${entry.headerOffset} as the zip directory says; the file is damaged, download it again`);
  }
  const offset = entry.headerOffset + localHeaderLength + header.getUint16(26, true) + header.getUint16(28, true);
  if (offset + entry.packedSize > source.size) {
    throw refuse(
      `'${entry.name}' ends at byte ${offset + entry.packedSize} but the file has ${source.size}; it is cut short, download it again`,
    );
  }
  return offset;
}
