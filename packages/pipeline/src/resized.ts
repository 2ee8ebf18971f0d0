import type { Decoder } from '@procache/core';
import type { ImageSize } from './binned-size.ts';

/** Images of one size, [images, channels, height, width]. */
export interface ImageBatch extends ImageSize {
  readonly channels: number;
  readonly values: Float32Array;
}

/** A decoder whose images are scaled to cover a size, and cut to it: what was drawn at the size of a bin. */
export function resizedDecoder(decoder: Decoder, size: ImageSize): Decoder {
  const { height, width, channels } = decoder.image;
  if (height === size.height && width === size.width) return decoder;
  return {
    image: { ...decoder.image, ...size },
    decode: async (latents) =>
      resizedAndCropped({ channels, height, width, values: await decoder.decode(latents) }, size),
    dispose: () => decoder.dispose(),
  };
}

/**
 * Scales images until they cover a size, and cuts their middle out: `resize_and_crop_tensor` of diffusers, which
 * interpolates between the centres of pixels and smooths nothing. Returns [images, channels, height, width].
 */
export function resizedAndCropped(images: ImageBatch, { height, width }: ImageSize): Float32Array {
  const scale = Math.max(height / images.height, width / images.width);
  const rows = tapsOf({ from: images.height, to: Math.trunc(images.height * scale), kept: height });
  const columns = tapsOf({ from: images.width, to: Math.trunc(images.width * scale), kept: width });
  const [before, after] = [images.height * images.width, height * width];
  const planes = images.values.length / before;
  const resized = new Float32Array(planes * after);
  for (let plane = 0; plane < planes; plane++) {
    const values = images.values.subarray(plane * before, (plane + 1) * before);
    rows.forEach((row, y) => {
      const upper = values.subarray(row.first * images.width, (row.first + 1) * images.width);
      const lower = values.subarray(row.second * images.width, (row.second + 1) * images.width);
      columns.forEach(({ first, second, share }, x) => {
        const above = upper[first]! * (1 - share) + upper[second]! * share;
        const below = lower[first]! * (1 - share) + lower[second]! * share;
        resized[plane * after + y * width + x] = above * (1 - row.share) + below * row.share;
      });
    });
  }
  return resized;
}

/** The two pixels that a pixel lies between, and how much of the second is in it. */
interface Tap {
  readonly first: number;
  readonly second: number;
  readonly share: number;
}

/** Of the pixels of an axis that is scaled from a length to another, the middle ones that are kept. */
function tapsOf({ from, to, kept }: { readonly from: number; readonly to: number; readonly kept: number }): Tap[] {
  const scaled = Math.max(to, kept); // a rounding error makes it one too short
  const skipped = Math.floor((scaled - kept) / 2);
  return Array.from({ length: kept }, (_, i) => {
    const position = Math.max(0, ((i + skipped + 0.5) * from) / scaled - 0.5);
    const first = Math.min(Math.floor(position), from - 1);
    return { first, second: Math.min(first + 1, from - 1), share: position - first };
  });
}
