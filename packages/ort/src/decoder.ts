import { type Decoder, ProCacheError } from '@procache/core';
import { decodeInTiles, type DecoderModel, needsTiles, type Plane, type TileShape } from '@procache/model';
import type { OrtHost, OrtSession } from './host.ts';

/** Whether latents are decoded in tiles, and in which. */
export type Tiling =
  /** Where the whole would take more memory than is reasonable: from 4,096 cells (512 x 512 pixels) on. */
  | 'auto'
  /** Wherever the latents are larger than a tile of the model's own. */
  | boolean
  /** The same with other tiles. */
  | TileShape;

export interface OrtDecoderOptions {
  /** The size of the latents, in cells. */
  readonly latent: { readonly height: number; readonly width: number };
  readonly tiles?: Tiling | undefined;
}

/** Cells of a latent beyond which it is decoded in tiles unless somebody says otherwise. */
const MOST_CELLS = 64 * 64;

/**
 * A decoder on ONNX Runtime, which makes images one after another. Its session is opened with the first, and stays
 * open.
 */
export function ortDecoder(model: DecoderModel, host: OrtHost, { latent, tiles = 'auto' }: OrtDecoderOptions): Decoder {
  const { height, width } = latent;
  const shape = chosenTiles(model, latent, tiles);
  const size = model.latentChannels * height * width;
  let session: Promise<OrtSession> | undefined;
  const evaluate = async (plane: Plane): Promise<Plane> => {
    const opened = await (session ??= host.open(model.graph(), 'packed'));
    const feed = new host.Tensor('float32', plane.data, [1, plane.channels, plane.height, plane.width]);
    const { image } = await opened.run({ latent: feed }, ['image']);
    const data = Float32Array.from((await image!.getData()) as Float32Array);
    const [, channels, rows, columns] = image!.dims as readonly [number, number, number, number];
    host.free(image!);
    return { channels, height: rows, width: columns, data };
  };
  const image = { channels: model.channels, height: height * model.pixels, width: width * model.pixels };
  const decodeOne = async (data: Float32Array): Promise<Float32Array> => {
    const plane: Plane = { channels: model.latentChannels, height, width, data };
    const made = shape ? await decodeInTiles(plane, shape, evaluate) : await evaluate(plane);
    return trimmed(made, image);
  };
  return {
    image: { ...image, valueRange: model.valueRange },
    async decode(latents) {
      if (latents.length === 0 || latents.length % size !== 0) {
        throw new ProCacheError(
          'invalid-input',
          `latents: ${latents.length} numbers are not made of latents of ` +
            `${model.latentChannels}x${height}x${width} = ${size}; pass [images, channels, height, width]`,
        );
      }
      const pixels = image.channels * image.height * image.width;
      const images = new Float32Array((latents.length / size) * pixels);
      for (let i = 0; i * size < latents.length; i++)
        images.set(await decodeOne(latents.subarray(i * size, (i + 1) * size)), i * pixels);
      return images;
    },
    async dispose() {
      const opened = session;
      session = undefined;
      await (await opened?.catch(() => undefined))?.release();
    },
  };
}

function chosenTiles(model: DecoderModel, latent: OrtDecoderOptions['latent'], tiles: Tiling): TileShape | undefined {
  const shape = typeof tiles === 'object' ? tiles : model.tiles;
  const wanted = tiles === 'auto' ? latent.height * latent.width > MOST_CELLS : tiles !== false;
  return wanted && needsTiles(latent, shape) ? shape : undefined;
}

/** As many rows and columns of an image as are asked for: tiles may make a few more. */
function trimmed({ channels, height, width, data }: Plane, image: Omit<Plane, 'data'>): Float32Array {
  if (height === image.height && width === image.width) return data;
  const own = new Float32Array(channels * image.height * image.width);
  for (let row = 0; row < channels * image.height; row++) {
    const from = (Math.floor(row / image.height) * height + (row % image.height)) * width;
    own.set(data.subarray(from, from + image.width), row * image.width);
  }
  return own;
}
