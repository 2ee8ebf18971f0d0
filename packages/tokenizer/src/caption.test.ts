import { expect, it } from 'vitest';
import { cleanCaption } from './caption.ts';

it('strips what Python strips, and nothing else', () => {
  expect(
    cleanCaption('\x1c\x1d\x1e\x1f\x85 \t\n\v\f\r\xa0\u1680\u2028\u2029\u202f\u205f\u3000A \x1c B\u2000\u200a\x85'),
  ).toBe('a \x1c b');
  for (const kept of ['\ufeff', '\u200b', '\u180e', '\x00', '\x1b'])
    expect(cleanCaption(`${kept}A${kept}`)).toBe(`${kept}a${kept}`);
  expect(cleanCaption(' \x85 ')).toBe('');
});

it('is in lower case as Python writes it', () => {
  expect(cleanCaption('İSTANBUL ΟΔΟΣ ΣΑΣ Straße ẞ ǅ')).toBe('i\u0307stanbul οδος σας straße ß ǆ');
});
