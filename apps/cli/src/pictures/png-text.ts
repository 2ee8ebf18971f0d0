import { crc32, deflateSync, inflateSync } from 'node:zlib';
import { shown } from '@procache/core/untrusted';

// Portable Network Graphics, W3C Recommendation (third edition, 2025): 5.3 chunk layout, 11.3.3 textual information.
const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const longText = 1024;
/** Bytes of all text of a file, unpacked: of pictures of this program, which say how thousands of images were made, a few million. */
const mostText = 64 * 2 ** 20;

/** One chunk of a PNG file. */
interface Chunk {
  readonly type: string;
  readonly data: Buffer;
  /** Where the chunk, its length field included, starts in the file. */
  readonly start: number;
}

/**
 * The PNG file with `text` added, by keyword, right behind its header, where every reader looks.
 *
 * Plain ASCII goes into `tEXt`, which all tools read; anything else into `iTXt`, which is UTF-8 and is compressed where it is long. Keywords
 * have 1 to 79 printable ASCII characters. (fast-png writes Latin-1 only, and behind the pixels, where some readers have stopped.)
 */
export function insertPngText(png: Uint8Array, text: Readonly<Record<string, string>>): Uint8Array {
  const header = chunksOf(png).next().value;
  if (header?.type !== 'IHDR') throw new RangeError(`the PNG file starts with ${header?.type ?? 'nothing'}, not with IHDR; it is damaged`);
  const end = header.start + 12 + header.data.length;
  const added = Object.entries(text).map(([keyword, value]) => textChunk(keyword, value));
  return Uint8Array.from(Buffer.concat([png.subarray(0, end), ...added, png.subarray(end)]));
}

/**
 * The text of a PNG file, by keyword: its `tEXt`, `zTXt` and `iTXt` chunks, whichever tool wrote them.
 *
 * Of a keyword that occurs twice the last one counts. A file that is no PNG, is cut short or damaged, or whose text is longer than
 * 64 MiB when it is unpacked, is a `RangeError`.
 */
export function readPngText(png: Uint8Array): Record<string, string> {
  const entries: [string, string][] = [];
  let room = mostText;
  for (const { type, data } of chunksOf(png)) {
    const read = readers[type];
    if (!read) continue;
    const { keyword, text, encoding } = read(data, room);
    room -= text.length;
    if (room < 0) throw tooLong(keyword);
    entries.push([keyword, text.toString(encoding)]);
  }
  return Object.fromEntries(entries);
}

function* chunksOf(png: Uint8Array): Generator<Chunk, undefined> {
  const bytes = Buffer.from(png.buffer, png.byteOffset, png.byteLength);
  if (!bytes.subarray(0, signature.length).equals(signature)) {
    throw new RangeError(`the ${bytes.length} bytes do not start with the signature of a PNG file; pass a PNG file`);
  }
  for (let start = signature.length; start < bytes.length; ) {
    const length = start + 8 <= bytes.length ? bytes.readUInt32BE(start) : Infinity;
    if (start + 12 + length > bytes.length) {
      throw new RangeError(`the PNG file ends at byte ${bytes.length}, inside the chunk at byte ${start}; it was cut short`);
    }
    const type = bytes.toString('latin1', start + 4, start + 8);
    const [kept, found] = [bytes.readUInt32BE(start + 8 + length), crc32(bytes.subarray(start + 4, start + 8 + length))];
    if (kept !== found) {
      throw new RangeError(`the chunk at byte ${start} of the PNG file has the check sum ${hex(found)}, and the file says ${hex(kept)}; it is damaged`);
    }
    yield { type, data: bytes.subarray(start + 8, start + 8 + length), start };
    if (type === 'IEND') return;
    start += 12 + length;
  }
}

function chunkBytes(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const chunk = Buffer.alloc(body.length + 8); // length, type and data, check sum
  chunk.writeUInt32BE(data.length, 0);
  body.copy(chunk, 4);
  chunk.writeUInt32BE(crc32(body), body.length + 4);
  return chunk;
}

function textChunk(keyword: string, text: string): Buffer {
  if (!/^(?! )[\x20-\x7e]{1,79}(?<! )$/.test(keyword)) {
    throw new RangeError(`the keyword "${keyword}" (${keyword.length} characters) is not 1 to 79 printable ASCII characters; shorten it`);
  }
  if (text.includes('\0')) throw new RangeError(`the text of "${keyword}" holds a NUL at ${text.indexOf('\0')}; PNG cannot store it`);
  const name = Buffer.from(`${keyword}\0`, 'latin1');
  if (/^[\n\x20-\x7e]*$/.test(text)) return chunkBytes('tEXt', Buffer.concat([name, Buffer.from(text, 'latin1')]));
  const utf8 = Buffer.from(text, 'utf8');
  const compressed = utf8.length > longText;
  // Compression flag and method, then an empty language tag and an empty translated keyword.
  const settings = Buffer.from([compressed ? 1 : 0, 0, 0, 0]);
  return chunkBytes('iTXt', Buffer.concat([name, settings, compressed ? deflateSync(utf8) : utf8]));
}

function hex(sum: number): string {
  return sum.toString(16).padStart(8, '0');
}

/** The text of a chunk, unpacked, and how its bytes are to be read. */
interface TextBytes {
  readonly keyword: string;
  readonly text: Buffer;
  readonly encoding: 'latin1' | 'utf8';
}

/** Each reads a chunk of one type, and unpacks no more than `room` bytes. */
const readers: Readonly<Record<string, (data: Buffer, room: number) => TextBytes>> = {
  tEXt: (data) => {
    const [keyword, text] = keywordAnd(data);
    return { keyword, text, encoding: 'latin1' };
  },
  zTXt: (data, room) => {
    const [keyword, rest] = keywordAnd(data);
    return { keyword, text: unpacked(rest.subarray(1), keyword, room), encoding: 'latin1' };
  },
  iTXt: (data, room) => {
    const [keyword, rest] = keywordAnd(data);
    const [, afterLanguage] = untilNul(rest.subarray(2));
    const [, text] = untilNul(afterLanguage);
    return { keyword, text: rest[0] === 1 ? unpacked(text, keyword, room) : text, encoding: 'utf8' };
  },
};

function unpacked(text: Buffer, keyword: string, room: number): Buffer {
  try {
    return inflateSync(text, { maxOutputLength: Math.max(1, room) });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLong(keyword);
    throw new RangeError(`the compressed text of ${shown(keyword)} cannot be unpacked; the PNG file is damaged`, { cause });
  }
}

function tooLong(keyword: string): RangeError {
  return new RangeError(`the text of ${shown(keyword)} makes more than ${mostText} bytes of text in all, which no picture of this program has`);
}

function keywordAnd(data: Buffer): [keyword: string, rest: Buffer] {
  const [keyword, rest] = untilNul(data);
  return [keyword.toString('latin1'), rest];
}

function untilNul(data: Buffer): [before: Buffer, after: Buffer] {
  const at = data.indexOf(0);
  if (at < 0) throw new RangeError(`a text chunk of ${data.length} bytes has no end of its keyword; the PNG file is damaged`);
  return [data.subarray(0, at), data.subarray(at + 1)];
}
