import { describe, expect, it } from 'vitest';
import { identityDecoder, type ImageFormat } from './decoder.ts';

const image: ImageFormat = { channels: 3, height: 4, width: 2, valueRange: [-1, 1] };

describe('identityDecoder', () => {
  it('gives the latents of a model of pixels back, and says what they are', async () => {
    const decoder = identityDecoder(image);
    const latents = Float32Array.from({ length: 48 }, (_, i) => i);
    expect(await decoder.decode(latents)).toBe(latents);
    expect(decoder.image).toEqual(image);
    await decoder.dispose();
  });

  it('refuses what is not made of whole images', async () => {
    await expect(identityDecoder(image).decode(new Float32Array(25))).rejects.toThrow(
      'latents: 25 numbers are not made of images of 3x4x2 = 24; pass [images, channels, height, width]',
    );
  });

  it.each([
    [{ channels: 0 }, 'image.channels'],
    [{ height: 1.5 }, 'image.height'],
    [{ valueRange: [1, 1] as const }, 'image.valueRange: it has no two ends; pass black and white, such as [-1, 1]'],
    [{ valueRange: [0, NaN] as const }, 'image.valueRange[1]: NaN'],
  ])('refuses %j', (odd, message) => {
    expect(() => identityDecoder({ ...image, ...odd })).toThrow(message);
  });
});
