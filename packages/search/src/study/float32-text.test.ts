import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { floatsOfText, textOfFloats } from './float32-text.ts';

describe('float32 numbers as text', () => {
  it('are read as they were written, as other tools write them too', () => {
    fc.assert(
      fc.property(fc.float32Array({ maxLength: 40 }), (values) => {
        expect(floatsOfText(textOfFloats(values), values.length)).toEqual(values);
      }),
    );
    expect(textOfFloats(Float32Array.of(1, -2.5))).toBe('AACAPwAAIMA=');
  });

  it.each([
    ['', 1],
    ['AAAA', 1],
    ['AAAAAA==', 2],
    ['AAAAAA=', 1],
    ['AAAA!A==', 1],
    ['AAAAAAA=', 1],
  ])('are not %j where there should be %i', (text, count) => {
    expect(floatsOfText(text, count)).toBeUndefined();
  });
});
