import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { widenBfloat16, widenFloat16 } from './half.ts';

const bytesOf = (halves: readonly number[]): Uint8Array => new Uint8Array(Uint16Array.from(halves).buffer);

/** The definition of binary16, spelt out. */
function float16(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 31;
  const fraction = half & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

describe('half precision', () => {
  const all = Array.from({ length: 65536 }, (_, half) => half);

  it('widens every binary16 to the value of its definition, the sign of zero included', () => {
    const widened = widenFloat16(bytesOf(all), all.length);
    const wrong = all.filter((half) => !Object.is(widened[half], float16(half)));
    expect(wrong).toEqual([]);
  });

  it('keeps known values', () => {
    const halves = [0x3c00, 0xc000, 0x7bff, 0x0001, 0x03ff, 0x0400, 0x7c00, 0xfc00, 0x3555];
    expect([...widenFloat16(bytesOf(halves), halves.length)]).toEqual([
      1,
      -2,
      65504,
      2 ** -24,
      1023 * 2 ** -24,
      2 ** -14,
      Infinity,
      -Infinity,
      0.333251953125,
    ]);
  });

  it('keeps the payload of a binary16 NaN', () => {
    const [bits] = new Uint32Array(widenFloat16(bytesOf([0xfe01]), 1).buffer);
    expect(bits!.toString(16)).toBe('ffc02000');
  });

  it('takes bfloat16 for the upper half of a binary32', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 0xffff })), (halves) => {
        const widened = widenBfloat16(bytesOf(halves), halves.length);
        expect([...new Uint32Array(widened.buffer)]).toEqual(halves.map((half) => (half << 16) >>> 0));
      }),
    );
    expect([...widenBfloat16(bytesOf([0x3f80, 0xc040, 0x7f80]), 3)]).toEqual([1, -3, Infinity]);
  });
});
