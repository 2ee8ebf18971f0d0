import { describe, expect, it } from 'vitest';
import { rememberingDecoder } from './remembering.ts';

describe('rememberingDecoder', () => {
  it('decodes the same array once, and again where that failed', async () => {
    const asked: Float32Array[] = [];
    let fails = false;
    const decoder = rememberingDecoder({
      image: { channels: 1, height: 1, width: 1, valueRange: [0, 1] },
      decode: (latents) => {
        asked.push(latents);
        return fails ? Promise.reject(new Error('out of memory')) : Promise.resolve(latents.slice());
      },
      dispose: () => Promise.resolve(),
    });
    const [one, other, third] = [Float32Array.of(1), Float32Array.of(1), Float32Array.of(2)];
    const [first, second] = await Promise.all([decoder.decode(one), decoder.decode(one)]);
    expect(second).toBe(first);
    expect(await decoder.decode(one)).toBe(first);
    await decoder.decode(other);
    expect(asked).toEqual([one, other]);
    fails = true;
    await expect(decoder.decode(third)).rejects.toThrow('out of memory');
    fails = false;
    expect(await decoder.decode(third)).toEqual(third);
  });
});
