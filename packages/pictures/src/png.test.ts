/// <reference types="node" />
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { decode, encode } from 'fast-png';
import { strToU8, zlibSync } from 'fflate';
import { describe, expect, test } from 'vitest';
import { concatenated, fourBytes, numberAt } from './bytes.ts';
import { type Picture } from './image.ts';
import { insertPngText, readPngText } from './png-text.ts';
import { encodePng } from './png.ts';
import { unpackedWithin } from './unpack.ts';

const picture: Picture = {
  width: 2,
  height: 2,
  channels: 3,
  data: Uint8Array.of(255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 8, 7),
};
const ascii = { unit: fc.integer({ min: 33, max: 126 }).map((code) => String.fromCharCode(code)) };
const latin = (text: string): Uint8Array => strToU8(text, true);

/** A chunk put together by hand, with the check sum as Node works it out; texts are Latin-1. */
function chunk(type: string, ...parts: (string | Uint8Array)[]): Uint8Array {
  const data = concatenated(parts.map((part) => (typeof part === 'string' ? latin(part) : part)));
  return concatenated([fourBytes(data.length), latin(type), data, fourBytes(crc32(concatenated([latin(type), data])))]);
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
    expect([...png.subarray(37, 41)]).toEqual([...latin('tEXt')]);
  });

  test('carries any text', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 1500 }).map((value) => value.replaceAll('\0', ''));
    fc.assert(
      fc.property(
        fc.dictionary(fc.string({ ...ascii, minLength: 1, maxLength: 79 }), text, { maxKeys: 4 }),
        (entries) => {
          const kept = { ...entries };
          expect(readPngText(encodePng(picture, kept))).toEqual(kept);
        },
      ),
    );
    const long = 'Käfer 中文 🐞'.repeat(200);
    expect(readPngText(encodePng(picture, { prompt: long }))).toEqual({ prompt: long });
    expect(encodePng(picture, { prompt: long }).length).toBeLessThan(400);
  });

  test.each(['', ' a', 'a ', 'é', 'a'.repeat(80)])('refuses the keyword "%s"', (keyword) => {
    expect(() => encodePng(picture, { [keyword]: 'x' })).toThrow(RangeError);
  });

  test('refuses a NUL in a text', () => {
    expect(() => encodePng(picture, { prompt: 'a\0b' })).toThrow('NUL at 1');
  });
});

describe('readPngText', () => {
  const png = Uint8Array.from(encode({ width: 1, height: 1, channels: 1, depth: 8, data: Uint8Array.of(0) }));
  const pngWith = (...chunks: Uint8Array[]): Uint8Array =>
    concatenated([png.subarray(0, -12), ...chunks, png.subarray(-12)]);

  test('reads what other tools write, behind the pixels too', () => {
    const file = pngWith(
      chunk('tEXt', 'Author\0Ren\xe9'),
      chunk('zTXt', 'Comment\0\0', zlibSync(latin('caf\xe9'))),
      chunk('iTXt', 'Title\0\0\0de\0Titel\0', strToU8('Käfer')),
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
    expect(() => readPngText(latin('GIF89a'))).toThrow('the 6 bytes do not start with the signature');
    expect(() => readPngText(png.subarray(0, 20))).toThrow('cut short');
    expect(() => readPngText(pngWith(chunk('tEXt', 'no end')))).toThrow(RangeError);
    expect(() => insertPngText(png.subarray(0, 8), { a: 'b' })).toThrow('starts with nothing');
  });

  test('checks the sum of every chunk', () => {
    const starts = (file: Uint8Array): readonly number[] => {
      const found: number[] = [];
      for (let at = 8; at < file.length; at += 12 + numberAt(file, at)) found.push(at);
      return found;
    };
    const whole = pngWith(chunk('tEXt', 'a\0b'));
    expect(starts(whole)).toHaveLength(4);
    for (const at of starts(whole)) {
      const file = Uint8Array.from(whole);
      file[at + 8 + numberAt(file, at)]! ^= 1;
      expect(() => readPngText(file)).toThrow(`the chunk at byte ${at} of the PNG file has the check sum`);
    }
  });

  test('unpacks no more than a picture of this program can say, from one chunk or from many', () => {
    const bomb = zlibSync(new Uint8Array(65 * 2 ** 20), { level: 1 }); // 300 kB
    for (const bytes of [chunk('zTXt', 'a\0\0', bomb), chunk('iTXt', 'a\0\u0001\0\0\0', bomb)]) {
      expect(() => readPngText(pngWith(bytes))).toThrow(
        'the text of "a" makes more than 67108864 bytes of text in all',
      );
    }
    const half = chunk('zTXt', 'b\0\0', zlibSync(new Uint8Array(33 * 2 ** 20), { level: 1 }));
    expect(() => readPngText(pngWith(half, half))).toThrow('more than 67108864 bytes of text in all');
  });

  test('tells compressed text that cannot be unpacked', () => {
    expect(() => readPngText(pngWith(chunk('zTXt', 'k\u001b\0\0', 'no deflate')))).toThrow(
      'the compressed text of "k\\u001b" cannot be unpacked; the PNG file is damaged',
    );
    expect(() => readPngText(pngWith(chunk('zTXt', 'a\0\0', zlibSync(latin('abc')).subarray(0, 4))))).toThrow(
      'cannot be unpacked',
    );
    expect(() => readPngText(pngWith(chunk('zTXt', 'a\0\0')))).toThrow('cannot be unpacked');
  });
});

describe('unpackedWithin', () => {
  test('gives back what was packed', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.integer({ min: 1, max: 3000 }), (some, times) => {
        const bytes = concatenated(Array.from({ length: times }, (_, i) => some.map((byte) => byte ^ i)));
        const unpacked = unpackedWithin(zlibSync(bytes), bytes.length)!;
        expect(unpacked.length).toBe(bytes.length);
        expect(crc32(unpacked)).toBe(crc32(bytes));
      }),
    );
  });

  test('stops as soon as there is more than is wanted, before the end of the stream', () => {
    const packed = zlibSync(new Uint8Array(20 * 2 ** 20), { level: 1 });
    const torn = packed.subarray(0, packed.length - 1000); // who reads on to its end finds that there is none
    expect(() => unpackedWithin(torn, Infinity)).toThrow();
    expect(unpackedWithin(torn, 2 ** 20)).toBeUndefined();
    expect(unpackedWithin(packed, 20 * 2 ** 20)).toHaveLength(20 * 2 ** 20);
  });
});

describe('fourBytes', () => {
  test('are a number, the greatest first, and back', () => {
    expect(fourBytes(0xcbf43926)).toEqual(Uint8Array.of(0xcb, 0xf4, 0x39, 0x26));
    expect(numberAt(fourBytes(0xcbf43926), 0)).toBe(0xcbf43926);
  });
});
