import { describe, expect, it } from 'vitest';
import { linearPreview } from './linear-preview.ts';

describe('linearPreview', () => {
  it('draws each cell as a square of its colour', async () => {
    const preview = linearPreview({ height: 2, width: 3, channels: 4 });
    expect(preview.image).toEqual({ channels: 3, height: 16, width: 24, valueRange: [-1, 1] });
    const latents = new Float32Array(2 * 24);
    latents[24 + 5] = 1; // of the second image the first channel, second row, third column
    latents[24 + 18] = 2; // the last channel, first row, first column
    const images = await preview.decode(latents);
    expect(images).toHaveLength(2 * 3 * 16 * 24);
    expect(images.subarray(0, 3 * 16 * 24).every((value) => value === 0)).toBe(true);
    const expected = [
      [0.3512, -0.424],
      [0.2297, -0.5232],
      [0.3227, -1.4354],
    ] as const;
    for (const [colour, [last, first]] of expected.entries()) {
      const at = (y: number, x: number) => images[((3 + colour) * 16 + y) * 24 + x]!;
      for (const value of [at(8, 16), at(15, 23)]) expect(value).toBeCloseTo(last, 5);
      for (const value of [at(0, 0), at(7, 7)]) expect(value).toBeCloseTo(first, 5);
      expect([at(7, 16), at(8, 15), at(0, 8), at(8, 0)]).toEqual([0, 0, 0, 0]);
    }
  });

  it('refuses latents that it has no colours for, and such of another size', async () => {
    expect(() => linearPreview({ height: 2, width: 3, channels: 16 })).toThrow(
      'latent.channels: there are no colours for latents of 16 channels',
    );
    await expect(linearPreview({ height: 2, width: 3, channels: 4 }).decode(new Float32Array(25))).rejects.toThrow(
      'latents: 25 numbers are not made of latents of 4x2x3 = 24',
    );
  });
});
