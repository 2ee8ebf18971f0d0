import { crc32, deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { decode, encode } from 'fast-png';
import { describe, expect, test } from 'vitest';
import { type Picture } from './image.ts';
import { insertPngText, readPngText } from './png-text.ts';
import { encodePng } from './png.ts';

const picture: Picture = { width: 2, height: 2, channels: 3, data: Uint8Array.of(255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 8, 7) };
const ascii = { unit: fc.integer({ min: 33, max: 126 }).map((code) => String.fromCharCode(code)) };

/** A chunk put together by hand. */
function chunk(type: string, ...parts: (string | Buffer)[]): Buffer {
  const data = Buffer.concat(parts.map((part) => Buffer.from(part as string, 'latin1')));
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(Buffer.concat([Buffer.from(type), data])));
  return Buffer.concat([length, Buffer.from(type), data, sum]);
}

describe('encodePng', () => {
  test('keeps the pixels of RGB and grey', () => {
    const decoded = decode(encodePng(picture), { checkCrc: true });
    expect([decoded.width, decoded.height, decoded.channels, decoded.depth]).toEqual([2, 2, 3, 8]);
    expect([...decoded.data]).toEqual([...picture.data]);
    const grey: Picture = { width: 1, height: 2, channels: 1, data: Uint8Array.of(0, 200) };
    expect([...decode(encodePng(grey, { a: 'b' }), { checkCrc: true }).data]).toEqual([0, 200]);
  });

  test('carries ASCII that any reader reads, right behind the header', () => {
    const png = encodePng(picture, { parameters: '{"schedule":"#.+.#"}\nseed 7' });
    expect(decode(png, { checkCrc: true }).text).toEqual({ parameters: '{"schedule":"#.+.#"}\nseed 7' });
    expect(Buffer.from(png).toString('latin1', 37, 41)).toBe('tEXt');
  });

  test('carries any text', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 1500 }).map((value) => value.replaceAll('\0', ''));
    fc.assert(
      fc.property(fc.dictionary(fc.string({ ...ascii, minLength: 1, maxLength: 79 }), text, { maxKeys: 4 }), (entries) => {
        const kept = { ...entries };
        expect(readPngText(encodePng(picture, kept))).toEqual(kept);
      }),
    );
    expect(readPngText(encodePng(picture, { prompt: 'Käfer 中文 🐞'.repeat(200) }))).toEqual({ prompt: 'Käfer 中文 🐞'.repeat(200) });
  });

  test.each(['', ' a', 'a ', 'é', 'a'.repeat(80)])('refuses the keyword "%s"', (keyword) => {
    expect(() => encodePng(picture, { [keyword]: 'x' })).toThrow(RangeError);
  });

  test('refuses a NUL in a text', () => {
    expect(() => encodePng(picture, { prompt: 'a\0b' })).toThrow('NUL at 1');
  });
});

describe('readPngText', () => {
  const png = Buffer.from(encode({ width: 1, height: 1, channels: 1, depth: 8, data: Uint8Array.of(0) }));
  const pngWith = (...chunks: Buffer[]): Buffer => Buffer.concat([png.subarray(0, -12), ...chunks, png.subarray(-12)]);

  test('reads what other tools write, behind the pixels too', () => {
    const file = pngWith(
      chunk('tEXt', 'Author\0Ren\xe9'),
      chunk('zTXt', 'Comment\0\0', deflateSync(Buffer.from('caf\xe9', 'latin1'))),
      chunk('iTXt', 'Title\0\0\0de\0Titel\0', Buffer.from('Käfer')),
    );
    expect(readPngText(file)).toEqual({ Author: 'René', Comment: 'café', Title: 'Käfer' });
  });

  test('reads a view into a larger buffer', () => {
    const file = pngWith(chunk('tEXt', 'a\0b'));
    const larger = new Uint8Array(file.length + 10);
    larger.set(file, 5);
    expect(readPngText(larger.subarray(5, 5 + file.length))).toEqual({ a: 'b' });
  });

  test('tells what is no PNG, cut short or damaged', () => {
    expect(() => readPngText(Buffer.from('GIF89a'))).toThrow('the 6 bytes do not start with the signature');
    expect(() => readPngText(png.subarray(0, 20))).toThrow('cut short');
    expect(() => readPngText(pngWith(chunk('tEXt', 'no end')))).toThrow(RangeError);
    expect(() => insertPngText(png.subarray(0, 8), { a: 'b' })).toThrow('starts with nothing');
  });

  test('checks the sum of every chunk', () => {
    for (const type of ['IHDR', 'IDAT', 'tEXt', 'IEND']) {
      const file = Buffer.from(pngWith(chunk('tEXt', 'a\0b')));
      const at = file.indexOf(type) - 4;
      const sum = at + 8 + file.readUInt32BE(at);
      file[sum]! ^= 1;
      expect(() => readPngText(file)).toThrow(`the chunk at byte ${at} of the PNG file has the check sum`);
    }
  });

  test('unpacks no more than a picture of this program can say, from one chunk or from many', () => {
    const bomb = deflateSync(Buffer.alloc(100 * 2 ** 20)); // 100 kB
    for (const bytes of [chunk('zTXt', 'a\0\0', bomb), chunk('iTXt', 'a\0\u0001\0\0\0', bomb)]) {
      const before = process.memoryUsage().arrayBuffers;
      expect(() => readPngText(pngWith(bytes))).toThrow('the text of "a" makes more than 67108864 bytes of text in all');
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(90 * 2 ** 20);
    }
    const third = chunk('zTXt', 'b\0\0', deflateSync(Buffer.alloc(30 * 2 ** 20)));
    expect(() => readPngText(pngWith(third, third, third))).toThrow('more than 67108864 bytes of text in all');
  });

  test('tells compressed text that cannot be unpacked', () => {
    expect(() => readPngText(pngWith(chunk('zTXt', 'k\u001b\0\0', 'no deflate')))).toThrow('the compressed text of "k\\u001b" cannot be unpacked; the PNG file is damaged');
  });
});
