import { describe, expect, it } from 'vitest';
import { paddedEncoder } from './padded-encoder.ts';
import { countingEncoder } from './testing/small-models.ts';

describe('paddedEncoder', () => {
  it('adds tokens that are padding, and reads each text once', async () => {
    const inner = countingEncoder(); // two tokens of three numbers
    const encoder = paddedEncoder(inner, { tokens: 4, width: 3 });
    const [embedding] = await encoder.encode(['a cat']);
    const [own] = await inner.encode(['a cat']);
    expect(embedding).toMatchObject({ text: 'a cat', tokens: 2 });
    expect([...embedding!.values]).toEqual([...own!.values, 0, 0, 0, 0, 0, 0]);
    expect((await encoder.encode(['a cat']))[0]).toBe(embedding);
  });
});
