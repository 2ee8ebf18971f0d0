import { identityDecoder, type ImageFormat } from '@procache/core';
import { psnr, ssim } from '@procache/metrics';
import { describe, expect, it } from 'vitest';
import { closenessOf, pixelCloseness } from './index.ts';

const format: ImageFormat = { channels: 1, height: 12, width: 11, valueRange: [-1, 1] };
const size = 12 * 11;
const images = Float32Array.from({ length: 2 * size }, (_, i) => Math.sin(i));
const reference = images.map((value, i) => (i < size ? value : value + 0.1 * Math.cos(i * i)));

describe('closenessOf', () => {
  it('compares latents alone without a decoder, and pixels with one', async () => {
    expect(await closenessOf(images, images, undefined)).toEqual({ latentError: 0, pixels: undefined });
    const { latentError, pixels } = await closenessOf(images, reference, identityDecoder(format));
    expect(latentError).toBeGreaterThan(0.05);
    expect(pixels).toEqual(pixelCloseness(images, reference, format));
  });

  it('compares what a decoder makes of the latents', async () => {
    const decoder = { image: format, decode: (latents: Float32Array) => Promise.resolve(latents.map((x) => x / 2)) };
    const { pixels } = await closenessOf(images, reference, decoder);
    expect(pixels!.psnr).toBeCloseTo(
      psnr(
        images.map((x) => x / 2),
        reference.map((x) => x / 2),
        2,
      ),
      10,
    );
  });

  it('refuses what is not of one size', async () => {
    await expect(closenessOf(images, images.subarray(1), undefined)).rejects.toThrow(RangeError);
  });
});

describe('pixelCloseness', () => {
  const clamped = reference.map((value) => Math.min(1, Math.max(-1, value)));

  it('has decibels over all and of each image, and the mean similarity', () => {
    const { psnr: all, psnrByImage, ssim: similarity } = pixelCloseness(images, reference, format);
    const [second, other] = [images.subarray(size), clamped.subarray(size)];
    expect(all).toBe(psnr(images, clamped, 2));
    expect(psnrByImage).toEqual([Infinity, psnr(second, other, 2)]);
    expect(similarity).toBeCloseTo((1 + ssim(second, other, { ...format, peak: 2 })) / 2, 12);
  });

  it('does not see what is outside of the value range, whichever end of it is black', () => {
    const outside = images.map((value) => (value > 0 ? 1 : -1));
    const further = outside.map((value) => 3 * value);
    for (const valueRange of [[-1, 1] as const, [1, -1] as const])
      expect(pixelCloseness(outside, further, { ...format, valueRange })).toMatchObject({ psnr: Infinity, ssim: 1 });
  });

  it('has no similarity of images that its window does not fit', () => {
    const { ssim: none } = pixelCloseness(images, reference, { ...format, height: 11 * 12, width: 1 });
    expect(none).toBeUndefined();
  });
});
