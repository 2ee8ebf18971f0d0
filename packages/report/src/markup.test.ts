import { describe, expect, it } from 'vitest';
import { base64Of } from './base64.ts';
import { element, single, text } from './markup.ts';
import { shownRange, shownScore } from './shown-score.ts';

describe('markup', () => {
  it('escapes what comes from outside', () => {
    expect(element('p', { title: `"<&'` }, text('<b>&'))).toBe('<p title="&quot;&lt;&amp;&#39;">&lt;b&gt;&amp;</p>');
    expect(text('a\u202eb\u0007\ud800')).toBe('a\\u{202e}b\\u{7}\\u{d800}');
  });

  it('leaves out attributes without a value, and rounds coordinates', () => {
    expect(single('img', { alt: '', width: 1 / 3, height: undefined })).toBe('<img alt="" width="0.33">');
  });
});

describe('base64', () => {
  it.each([
    ['', ''],
    ['f', 'Zg=='],
    ['fo', 'Zm8='],
    ['foo', 'Zm9v'],
    ['foob', 'Zm9vYg=='],
    ['fooba', 'Zm9vYmE='],
    ['foobar', 'Zm9vYmFy'],
  ])('of %j is %j (RFC 4648, 10)', (bytes, letters) => {
    expect(base64Of(Uint8Array.from(bytes, (letter) => letter.charCodeAt(0)))).toBe(letters);
  });

  it('has a letter for each of 64 numbers', () => {
    const counted = Uint8Array.from({ length: 48 }, (_, i) => {
      const first = 4 * Math.floor(i / 3); // four numbers of six bits are three bytes
      const bits = [0, 1, 2, 3].reduce((sum, k) => sum * 64 + first + k, 0);
      return bits >> (8 * (2 - (i % 3)));
    });
    expect(base64Of(counted)).toBe('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/');
  });
});

describe('a score', () => {
  it.each([
    [1.3123e-5, '1.31e-5'],
    [0, '0.00'],
    [35.04, '35.0'],
    [0.9989, '0.9989'],
    [0.943, '0.943'],
    [-0.0012, '-1.20e-3'],
    [Infinity, 'Infinity'],
  ])('%d is shown as %s', (value, shown) => {
    expect(shownScore(value)).toBe(shown);
  });

  it('has a range only where both ends are known', () => {
    expect(shownRange([1e-5, 2e-5])).toBe('1.00e-5..2.00e-5');
    expect(shownRange(undefined)).toBe('-');
    expect(shownRange([1, Infinity])).toBe('-');
  });
});
