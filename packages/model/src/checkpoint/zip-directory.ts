import { shownName } from '@procache/core/untrusted';

import { type ByteSource, rangeOf, viewOf } from './byte-source.ts';
import { type Refuse, refusalOf } from './refusal.ts';
import { decodedText } from './utf8.ts';

/** A file in a zip file, as the directory at the end lists it. Sizes and offsets are in bytes. */
export interface ZipEntry {
  readonly name: string;
  readonly flags: number;
  /** 0 is stored as is, 8 is deflated. */
  readonly method: number;
  readonly packedSize: number;
  readonly size: number;
  /** Of the unpacked bytes. */
  readonly crc32: number;
  /** Where the entry's own header begins. */
  readonly headerOffset: number;
}

interface DirectoryPlace {
  readonly offset: number;
  readonly length: number;
}

const endSignature = 0x06054b50;
const endLength = 22;
const longestComment = 0xffff;
const locatorSignature = 0x07064b50;
const locatorLength = 20;
const wideEndSignature = 0x06064b50;
const wideEndLength = 56;
const entrySignature = 0x02014b50;
const entryLength = 46;
const wideExtra = 0x0001;
/** A hundred bytes per tensor, so this is far beyond any checkpoint. */
const longestDirectory = 16 * 2 ** 20;
/** In 16 and 32 bits: the true number lies in the zip64 record. */
const elsewhere16 = 0xffff;
const elsewhere32 = 0xffffffff;

/** The entries of a zip file by name; zip64 files, over 4 GB, included (APPNOTE 6.3.10, sections 4.3 and 4.5). */
export async function readZipDirectory(source: ByteSource): Promise<ReadonlyMap<string, ZipEntry>> {
  const refuse = refusalOf(source);
  const { offset, length } = await findDirectory(source, refuse);
  if (offset + length > source.size) {
    throw refuse(
      `the zip directory ends at byte ${offset + length} but the file has ${source.size}; ` +
        `the file is damaged, download it again`,
    );
  }
  if (length > longestDirectory) {
    throw refuse(
      `the zip directory takes ${length} bytes but ${longestDirectory} is the limit; this is not a checkpoint`,
    );
  }
  const directory = viewOf(await rangeOf(source, offset, length));
  const entries = new Map<string, ZipEntry>();
  for (let at = 0; at < length;) {
    if (at + entryLength > length || directory.getUint32(at, true) !== entrySignature) {
      throw refuse(`the zip directory is damaged at byte ${offset + at}; download the file again`);
    }
    const next = at + entryLength + namesLength(directory, at);
    if (next > length) throw refuse(`the zip directory is damaged at byte ${offset + at}; download the file again`);
    const entry = readDirectoryEntry(directory, at, refuse);
    if (entries.has(entry.name))
      throw refuse(`the zip directory lists '${shownName(entry.name)}' twice; save the file again`);
    entries.set(entry.name, entry);
    at = next;
  }
  return entries;
}

async function findDirectory(source: ByteSource, refuse: Refuse): Promise<DirectoryPlace> {
  const tailLength = Math.min(source.size, endLength + longestComment);
  const tailOffset = source.size - tailLength;
  const tail = viewOf(await rangeOf(source, tailOffset, tailLength));
  for (let at = tailLength - endLength; at >= 0; at--) {
    if (tail.getUint32(at, true) !== endSignature) continue;
    if (at + endLength + tail.getUint16(at + 20, true) !== tailLength) continue;
    const length = tail.getUint32(at + 12, true);
    const offset = tail.getUint32(at + 16, true);
    const wide = offset === elsewhere32 || length === elsewhere32 || tail.getUint16(at + 10, true) === elsewhere16;
    return wide ? findWideDirectory(source, tailOffset + at, refuse) : { offset, length };
  }
  throw refuse(
    `the zip directory at the end is missing: the file of ${source.size} bytes looks cut short; download it again`,
  );
}

async function findWideDirectory(source: ByteSource, endOffset: number, refuse: Refuse): Promise<DirectoryPlace> {
  const damaged = (): Error =>
    refuse(`the zip64 directory before byte ${endOffset} is damaged; download the file again`);
  if (endOffset < locatorLength + wideEndLength) throw damaged();
  const locator = viewOf(await rangeOf(source, endOffset - locatorLength, locatorLength));
  if (locator.getUint32(0, true) !== locatorSignature) throw damaged();
  const at = readCount(locator, 8);
  if (at + wideEndLength > source.size) throw damaged();
  const end = viewOf(await rangeOf(source, at, wideEndLength));
  if (end.getUint32(0, true) !== wideEndSignature) throw damaged();
  return { length: readCount(end, 40), offset: readCount(end, 48) };
}

/** Bytes of the name, the extra fields and the comment, which follow an entry's fixed part. */
function namesLength(directory: DataView, at: number): number {
  return directory.getUint16(at + 28, true) + directory.getUint16(at + 30, true) + directory.getUint16(at + 32, true);
}

function readDirectoryEntry(directory: DataView, at: number, refuse: Refuse): ZipEntry {
  const nameLength = directory.getUint16(at + 28, true);
  const nameBytes = new Uint8Array(directory.buffer, directory.byteOffset + at + entryLength, nameLength);
  const name = decodedText(nameBytes);
  if (name === undefined) throw refuse('the zip directory holds a name that is not UTF-8; save the file again');
  const wide = wideNumbers(directory, at + entryLength + nameLength, directory.getUint16(at + 30, true));
  // The zip64 field holds only the numbers that do not fit, in this order.
  const widened = (field: number): number => {
    const narrow = directory.getUint32(at + field, true);
    return narrow === elsewhere32 ? (wide.shift() ?? narrow) : narrow;
  };
  const size = widened(24);
  const packedSize = widened(20);
  const headerOffset = widened(42);
  return {
    name,
    flags: directory.getUint16(at + 8, true),
    method: directory.getUint16(at + 10, true),
    packedSize,
    size,
    crc32: directory.getUint32(at + 16, true),
    headerOffset,
  };
}

/** The 64-bit numbers of the zip64 extra field, where the entry has one. */
function wideNumbers(directory: DataView, start: number, length: number): number[] {
  const end = start + length;
  for (let at = start; at + 4 <= end;) {
    const fieldEnd = at + 4 + directory.getUint16(at + 2, true);
    if (directory.getUint16(at, true) === wideExtra) {
      const numbers: number[] = [];
      for (let number = at + 4; number + 8 <= Math.min(fieldEnd, end); number += 8)
        numbers.push(readCount(directory, number));
      return numbers;
    }
    at = fieldEnd;
  }
  return [];
}

/** A 64-bit count; above 2^53 it is rounded, which is past the end of any file all the same. */
function readCount(view: DataView, at: number): number {
  return view.getUint32(at + 4, true) * 2 ** 32 + view.getUint32(at, true);
}
