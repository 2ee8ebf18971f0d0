import { describe, expect, it } from 'vitest';
import { hasRoomForSsim, pixelMeasure } from './pixel-measures.ts';

const format = { channels: 1, height: 16, width: 16, valueRange: [-1, 1] } as const;
const image = (value: (i: number) => number): Float32Array => Float32Array.from({ length: 256 }, (_, i) => value(i));

describe('measures of pixels', () => {
  it.each(['psnr', 'ssim'] as const)(
    'of %s see an image as it is shown: what is outside of its range is cut off',
    (name) => {
      const { of, better, judges } = pixelMeasure(name, format);
      expect({ better, judges }).toEqual({ better: 'higher', judges: 'image' });
      const uncached = image((i) => Math.sin(i));
      const [near, far] = [image((i) => Math.sin(i) + 0.01), image((i) => Math.sin(i) + 0.3)];
      expect(of(near, uncached)).toBeGreaterThan(of(far, uncached));
      expect(
        of(
          image((i) => 9 * Math.sign(Math.sin(i))),
          image((i) => Math.sign(Math.sin(i))),
        ),
      ).toBe(of(uncached, uncached));
    },
  );

  it('of structure need images as large as their window', () => {
    expect([hasRoomForSsim(format), hasRoomForSsim({ height: 10, width: 64 })]).toEqual([true, false]);
  });
});
