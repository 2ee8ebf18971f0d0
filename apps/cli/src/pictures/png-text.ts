import { crc32, deflateSync, inflateSync } from 'node:zlib';

// Portable Network Graphics, W3C Recommendation (third edition, 2025): 5.3 chunk layout, 11.3.3 textual information.
const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const longText = 1024;

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
 * Of a keyword that occurs twice the last one counts. A file that is no PNG, or is cut short, is a `RangeError`.
 */
export function readPngText(png: Uint8Array): Record<string, string> {
  const entries: [string, string][] = [];
  for (const { type, data } of chunksOf(png)) {
    if (type === 'tEXt') entries.push(plainText(data));
    else if (type === 'zTXt') entries.push(compressedText(data));
    else if (type === 'iTXt') entries.push(internationalText(data));
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

function plainText(data: Buffer): [string, string] {
  const [keyword, rest] = untilNul(data);
  return [keyword.toString('latin1'), rest.toString('latin1')];
}

function compressedText(data: Buffer): [string, string] {
  const [keyword, rest] = untilNul(data);
  return [keyword.toString('latin1'), inflateSync(rest.subarray(1)).toString('latin1')];
}

function internationalText(data: Buffer): [string, string] {
  const [keyword, rest] = untilNul(data);
  const [, afterLanguage] = untilNul(rest.subarray(2));
  const [, text] = untilNul(afterLanguage);
  return [keyword.toString('latin1'), (rest[0] === 1 ? inflateSync(text) : text).toString('utf8')];
}

function untilNul(data: Buffer): [before: Buffer, after: Buffer] {
  const at = data.indexOf(0);
  if (at < 0) throw new RangeError(`a text chunk of ${data.length} bytes has no end of its keyword; the PNG file is damaged`);
  return [data.subarray(0, at), data.subarray(at + 1)];
}
