import { describe, expect, it } from 'vitest';
import { timestepEmbeddings } from './timesteps.ts';

describe('timestepEmbeddings', () => {
  it('holds cosines, then sines, of falling frequencies', () => {
    const [embedding] = [timestepEmbeddings([0, 10], 8, 0)];
    expect([...embedding.slice(0, 8)]).toEqual([1, 1, 1, 1, 0, 0, 0, 0]);
    [1, 0.1, 0.01, 0.001].forEach((frequency, i) => {
      expect(embedding[8 + i]).toBeCloseTo(Math.cos(10 * frequency), 6);
      expect(embedding[12 + i]).toBeCloseTo(Math.sin(10 * frequency), 6);
    });
  });

  it("ends at 1e-4 with diffusers' shift", () => {
    const embedding = timestepEmbeddings([1000], 8, 1);
    expect(embedding[7]).toBeCloseTo(Math.sin(0.1), 5);
  });
});
