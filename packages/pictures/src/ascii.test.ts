import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { asciiOf, captionOf } from './ascii.ts';

describe('asciiOf', () => {
  test.each([
    ['Käfer', 'Kafer'],
    ['cafe\u0301', 'cafe'],
    ['straße, æøåłđþœ', 'strasse, aeoaldthoe'],
    ['кошка', 'koshka'],
    ['γάτα', 'gata'],
    ['猫', 'Mao'],
    ['ねこ', 'neko'],
    ['고양이', 'GoYangI'],
    ['\u1100\u1169\u110b\u1163\u11bc\u110b\u1175', 'GoYangI'],
    ['قطة', 'qth'],
    ['חתול', 'htvl'],
    ['½ “quoted”…', '1/2 "quoted"...'],
    ['ﬁ１２', 'fi12'],
    ['🐞', ':lady_beetle:'],
    ['a\tb\u0000', 'a b '],
    ['one\ntwo', 'one\ntwo'],
    ['\u202eevil\u200b', 'evil'],
    ['\ue000\ud800', '??'],
  ])('writes %j as %j', (text, plain) => {
    expect(asciiOf(text)).toBe(plain);
  });

  test('leaves ASCII as it is, and makes nothing but ASCII', () => {
    expect(asciiOf('a b~!"\n')).toBe('a b~!"\n');
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(asciiOf(text)).toMatch(/^[\n\x20-\x7e]*$/);
      }),
    );
  });
});

describe('captionOf', () => {
  test('is the name of a class, and its number where nothing of the name can be told', () => {
    expect(captionOf('кошка', 7)).toBe('koshka');
    expect(captionOf('a\nb\tc', 7)).toBe('a b c');
    for (const name of ['', '   ', '\ue000\ue001', '\u0301', '\u202e', '\ud800']) expect(captionOf(name, 7)).toBe('7');
    expect(captionOf('\ue000 cat', 7)).toBe('? cat');
    expect(captionOf(`${'x'.repeat(499)}🐞`, 7)).toBe('x'.repeat(499));
  });

  test('takes names of megabytes', () => {
    expect(captionOf('猫'.repeat(5_000_000), 0).length).toBeLessThanOrEqual(1500);
  });
});
