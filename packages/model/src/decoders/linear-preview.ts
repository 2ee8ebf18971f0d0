import { type Decoder, ProCacheError } from '@procache/core';
import type { LatentSize } from '../families/family.ts';

/** Pixels along a cell of the latents of Stable Diffusion. */
const PIXELS = 8;

/**
 * How much red, green and blue, from -1 to 1, a unit of each channel of Stable Diffusion's latents adds: the factors
 * that ComfyUI publishes for them (`comfy/latent_formats.py`, SD15).
 */
const FACTORS: readonly (readonly [red: number, green: number, blue: number])[] = [
  [0.3512, 0.2297, 0.3227],
  [0.325, 0.4974, 0.235],
  [-0.2829, 0.1762, 0.2721],
  [-0.212, -0.2616, -0.7177],
];

/**
 * Shows what latents of Stable Diffusion are about to become, without any weights: each cell has the colour that a
 * linear map gives it, and is drawn as a square of 8 x 8 pixels.
 *
 * The map is that of the autoencoder of Stable Diffusion 1 (scaling 0.18215), which DiT and PixArt-alpha share; the
 * latents of another one of 4 channels come out in other colours.
 *
 * ```ts
 * import { linearPreview } from '@procache/model';
 *
 * const preview = linearPreview({ height: 32, width: 32, channels: 4 });
 * const image = await preview.decode(new Float32Array(4 * 32 * 32));
 * console.log(preview.image.width, image.length); // 256 196608
 * ```
 *
 * @throws {ProCacheError} `invalid-input` for latents of other than 4 channels.
 */
export function linearPreview({ height, width, channels }: LatentSize & { readonly channels: number }): Decoder {
  if (channels !== FACTORS.length) {
    throw new ProCacheError(
      'invalid-input',
      `latent.channels: there are no colours for latents of ${channels} channels, only for the ${FACTORS.length} of ` +
        `Stable Diffusion; take a tiny autoencoder, or the decoder itself`,
    );
  }
  const cells = height * width;
  const size = channels * cells;
  const pixels = cells * PIXELS ** 2;
  return {
    image: { channels: 3, height: height * PIXELS, width: width * PIXELS, valueRange: [-1, 1] },
    // eslint-disable-next-line @typescript-eslint/require-await -- what it throws is a rejection
    async decode(latents) {
      if (latents.length === 0 || latents.length % size !== 0) {
        throw new ProCacheError(
          'invalid-input',
          `latents: ${latents.length} numbers are not made of latents of ${channels}x${height}x${width} = ${size}; ` +
            `pass [images, channels, height, width]`,
        );
      }
      const images = new Float32Array((latents.length / size) * 3 * pixels);
      for (let plane = 0; plane * pixels < images.length; plane++) {
        const first = Math.floor(plane / 3) * size;
        const latent = latents.subarray(first, first + size);
        drawColour(images.subarray(plane * pixels), latent, { colour: plane % 3, height, width });
      }
      return images;
    },
    dispose: () => Promise.resolve(),
  };
}

/** One colour of one image. */
function drawColour(
  plane: Float32Array,
  latent: Float32Array,
  { colour, height, width }: LatentSize & { readonly colour: number },
): void {
  const row = width * PIXELS;
  for (let cell = 0; cell < height * width; cell++) {
    const value = FACTORS.reduce((sum, factor, c) => sum + factor[colour]! * latent[c * height * width + cell]!, 0);
    const first = Math.floor(cell / width) * PIXELS * row + (cell % width) * PIXELS;
    for (let y = 0; y < PIXELS; y++) plane.fill(value, first + y * row, first + y * row + PIXELS);
  }
}
