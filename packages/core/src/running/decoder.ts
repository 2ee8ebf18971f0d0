import { ProCacheError } from '../errors.ts';
import { integerOf, listOf, numberOf, objectOf, refuse } from '../untrusted/json-reader.ts';
import { checkFloats } from '../untrusted/numbers.ts';

/** The images that a decoder makes. */
export interface ImageFormat {
  /** 1 for grey pixels, 3 for coloured ones. */
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  /** The values that stand for black and for white; values outside are clamped when they are shown. */
  readonly valueRange: readonly [black: number, white: number];
}

/**
 * What makes images of latents: an autoencoder's second half, or `identityDecoder`.
 *
 * Whoever opened it disposes of it.
 *
 * ```ts
 * import { type Decoder } from '@procache/core';
 *
 * // Latents of one channel, 8x8, shown as grey squares of 2x2 pixels.
 * const doubled: Decoder = {
 *   image: { channels: 1, height: 16, width: 16, valueRange: [-1, 1] },
 *   decode: async (latents) => {
 *     const pixels = new Float32Array(latents.length * 4); // [images, 1, 16, 16]
 *     return pixels.map((_, i) => latents[(Math.floor(i / 32) * 8 + Math.floor((i % 16) / 2))]!);
 *   },
 *   dispose: async () => {},
 * };
 * console.log((await doubled.decode(new Float32Array(2 * 64))).length); // 512: two images
 * ```
 */
export interface Decoder {
  readonly image: ImageFormat;
  /**
   * The images of latents [images, latent channels, latent height, latent width], as [images, channels, height, width].
   * Only reads the latents; what it returns may be the same array.
   *
   * @throws {ProCacheError} `invalid-input` for what is not made of whole latents.
   */
  decode(latents: Float32Array): Promise<Float32Array>;
  /** Frees what it holds. */
  dispose(): Promise<void>;
}

/**
 * The decoder of a model that works on pixels: its latents are the images.
 *
 * @throws {ProCacheError} `invalid-input` for a format that is none.
 */
export function identityDecoder(image: ImageFormat): Decoder {
  const { channels, height, width } = checkedFormat(image);
  const size = channels * height * width;
  return {
    image,
    decode: async (latents) => {
      checkFloats(latents, 'latents');
      if (latents.length % size === 0) return Promise.resolve(latents);
      throw new ProCacheError(
        'invalid-input',
        `latents: ${latents.length} numbers are not made of images of ${channels}x${height}x${width} = ${size}; ` +
          `pass [images, channels, height, width]`,
      );
    },
    dispose: () => Promise.resolve(),
  };
}

function checkedFormat(image: ImageFormat): ImageFormat {
  const code = 'invalid-input';
  const members = objectOf({ value: image, place: 'image', code });
  for (const extent of ['channels', 'height', 'width'] as const)
    integerOf({ value: members[extent], place: `image.${extent}`, code }, 1);
  const place = 'image.valueRange';
  const ends = listOf({ value: members['valueRange'], place, code });
  const [black, white] = ends.map((end) => numberOf(end, -Infinity, Infinity));
  if (ends.length !== 2 || black === white)
    refuse(place, 'it has no two ends; pass black and white, such as [-1, 1]', code);
  return image;
}
