import { crc32 } from '@foxglove/crc';
import { strFromU8, strToU8, zlibSync } from 'fflate';
import { concatenated, fourBytes, numberAt } from './bytes.ts';
import { unpackedWithin } from './unpack.ts';

// Portable Network Graphics, W3C Recommendation (third edition, 2025): 5.3 chunk layout, 11.3.3 textual information.
const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const longText = 1024;
/** Bytes of all text of a file, unpacked: of pictures that say how thousands of images were made, a few million. */
const mostText = 64 * 2 ** 20;

/** One chunk of a PNG file. */
interface Chunk {
  readonly type: string;
  readonly data: Uint8Array;
  /** Where the chunk, its length field included, starts in the file. */
  readonly start: number;
}

/**
 * The PNG file with `text` added, by keyword, right behind its header, where every reader looks.
 *
 * Plain ASCII goes into `tEXt`, which all tools read; anything else into `iTXt`, which is UTF-8 and is compressed where
 * it is long. Keywords have 1 to 79 printable ASCII characters. (fast-png writes Latin-1 only, and behind the pixels,
 * where some readers have stopped.)
 */
export function insertPngText(png: Uint8Array, text: Readonly<Record<string, string>>): Uint8Array<ArrayBuffer> {
  const header = chunksOf(png).next().value;
  if (header?.type !== 'IHDR')
    throw new RangeError(`the PNG file starts with ${header?.type ?? 'nothing'}, not with IHDR; it is damaged`);
  const end = header.start + 12 + header.data.length;
  const added = Object.entries(text).map(([keyword, value]) => textChunk(keyword, value));
  return concatenated([png.subarray(0, end), ...added, png.subarray(end)]);
}

/**
 * The text of a PNG file, by keyword: its `tEXt`, `zTXt` and `iTXt` chunks, whichever tool wrote them.
 *
 * Of a keyword that occurs twice the last one counts. A file that is no PNG, is cut short or damaged, or whose text is
 * longer than 64 MiB when it is unpacked, is a `RangeError`.
 */
export function readPngText(png: Uint8Array): Record<string, string> {
  const entries: [string, string][] = [];
  let room = mostText;
  for (const { type, data } of chunksOf(png)) {
    const read = readers.get(type);
    if (!read) continue;
    const { keyword, text, isLatin } = read(data, room);
    room -= text.length;
    if (room < 0) throw tooLong(keyword);
    entries.push([keyword, strFromU8(text, isLatin)]);
  }
  return Object.fromEntries(entries);
}

function* chunksOf(png: Uint8Array): Generator<Chunk, undefined> {
  if (!signature.every((byte, i) => png[i] === byte)) {
    throw new RangeError(`the ${png.length} bytes do not start with the signature of a PNG file; pass a PNG file`);
  }
  for (let start = signature.length; start < png.length;) {
    const length = start + 8 <= png.length ? numberAt(png, start) : Infinity;
    if (start + 12 + length > png.length) {
      throw new RangeError(
        `the PNG file ends at byte ${png.length}, inside the chunk at byte ${start}; it was cut short`,
      );
    }
    const [kept, found] = [numberAt(png, start + 8 + length), crc32(png.subarray(start + 4, start + 8 + length))];
    if (kept !== found) {
      throw new RangeError(
        `the chunk at byte ${start} of the PNG file has the check sum ${hex(found)}, and the file says ` +
          `${hex(kept)}; it is damaged`,
      );
    }
    const type = strFromU8(png.subarray(start + 4, start + 8), true);
    yield { type, data: png.subarray(start + 8, start + 8 + length), start };
    if (type === 'IEND') return;
    start += 12 + length;
  }
}

function chunkBytes(type: string, data: readonly Uint8Array[]): Uint8Array {
  const body = concatenated([strToU8(type, true), ...data]);
  return concatenated([fourBytes(body.length - 4), body, fourBytes(crc32(body))]);
}

function textChunk(keyword: string, text: string): Uint8Array {
  if (!/^(?! )[\x20-\x7e]{1,79}(?<! )$/.test(keyword)) {
    throw new RangeError(
      `the keyword ${quoted(keyword)} (${keyword.length} characters) is not 1 to 79 printable ASCII characters; ` +
        `shorten it`,
    );
  }
  if (text.includes('\0'))
    throw new RangeError(`the text of ${quoted(keyword)} holds a NUL at ${text.indexOf('\0')}; PNG cannot store it`);
  const name = strToU8(`${keyword}\0`, true);
  if (/^[\n\x20-\x7e]*$/.test(text)) return chunkBytes('tEXt', [name, strToU8(text, true)]);
  const utf8 = strToU8(text);
  const compressed = utf8.length > longText;
  // Compression flag and method, then an empty language tag and an empty translated keyword.
  const settings = Uint8Array.of(compressed ? 1 : 0, 0, 0, 0);
  return chunkBytes('iTXt', [name, settings, compressed ? zlibSync(utf8) : utf8]);
}

/** The text of a chunk, unpacked, and whether its bytes are Latin-1; else they are UTF-8. */
interface TextBytes {
  readonly keyword: string;
  readonly text: Uint8Array;
  readonly isLatin: boolean;
}

/** Each reads a chunk of one type, and unpacks no more than `room` bytes. */
const readers: ReadonlyMap<string, (data: Uint8Array, room: number) => TextBytes> = new Map([
  [
    'tEXt',
    (data: Uint8Array): TextBytes => {
      const [keyword, text] = keywordAnd(data);
      return { keyword, text, isLatin: true };
    },
  ],
  [
    'zTXt',
    (data: Uint8Array, room: number): TextBytes => {
      const [keyword, rest] = keywordAnd(data);
      return { keyword, text: unpacked(rest.subarray(1), keyword, room), isLatin: true };
    },
  ],
  [
    'iTXt',
    (data: Uint8Array, room: number): TextBytes => {
      const [keyword, rest] = keywordAnd(data);
      const [, afterLanguage] = untilNul(rest.subarray(2));
      const [, text] = untilNul(afterLanguage);
      return { keyword, text: rest[0] === 1 ? unpacked(text, keyword, room) : text, isLatin: false };
    },
  ],
]);

function unpacked(packed: Uint8Array, keyword: string, room: number): Uint8Array {
  let text: Uint8Array | undefined;
  try {
    text = unpackedWithin(packed, room);
  } catch (cause) {
    throw new RangeError(`the compressed text of ${quoted(keyword)} cannot be unpacked; the PNG file is damaged`, {
      cause,
    });
  }
  if (!text) throw tooLong(keyword);
  return text;
}

function tooLong(keyword: string): RangeError {
  return new RangeError(
    `the text of ${quoted(keyword)} makes more than ${mostText} bytes of text in all, which no picture of this ` +
      `program has`,
  );
}

/** A keyword for a message: as much of it as PNG allows, and a little more. */
function quoted(keyword: string): string {
  return JSON.stringify(keyword.length > 80 ? `${keyword.slice(0, 77)}...` : keyword);
}

function hex(sum: number): string {
  return sum.toString(16).padStart(8, '0');
}

function keywordAnd(data: Uint8Array): [keyword: string, rest: Uint8Array] {
  const [keyword, rest] = untilNul(data);
  return [strFromU8(keyword, true), rest];
}

function untilNul(data: Uint8Array): [before: Uint8Array, after: Uint8Array] {
  const at = data.indexOf(0);
  if (at < 0)
    throw new RangeError(`a text chunk of ${data.length} bytes has no end of its keyword; the PNG file is damaged`);
  return [data.subarray(0, at), data.subarray(at + 1)];
}
