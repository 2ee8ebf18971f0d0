import { type Decoder, ProCacheError } from '@procache/core';
import { checkOptions, type Fields, integerOf, numberOf, refuse } from '@procache/core/untrusted';
import { decodeInTiles, type DecoderModel, needsTiles, type Plane, type TileShape } from '@procache/model';
import type { OrtHost, OrtSession } from './host.ts';
import { Lifetime } from './lifetime.ts';

/** Whether latents are decoded in tiles, and in which. */
export type Tiling =
  /** Where there are more than 4,096 cells (512 x 512 pixels), in the model's own tiles or in some of 64 x 64 cells. */
  | 'auto'
  /** Wherever the latents are larger than a tile of the model's own; or never. */
  | boolean
  /** The same with other tiles. */
  | TileShape;

export interface OrtDecoderOptions {
  /** The size of the latents, in cells. */
  readonly latent: { readonly height: number; readonly width: number };
  /**
   * By default `'auto'`. The image of tiles is not quite that of the whole, as GroupNorm sees one tile at a time; it is
   * the one that diffusers makes with `enable_tiling`.
   */
  readonly tiles?: Tiling | undefined;
}

/** The side of latents up to which they are decoded whole unless somebody says otherwise, and of tiles beyond. */
const MOST_SIDE = 64;

/**
 * Parameters from which on a session is released when the images are made: a transformer that draws needs the memory,
 * and opening takes a small share of the time of an image. What is smaller shows previews, step by step.
 */
const RELEASED_FROM = 16e6;

const TILE_FIELDS: Fields<TileShape> = { cells: true, pixels: true, overlap: true };

/**
 * A decoder on ONNX Runtime, which makes images one after another. Its session is opened with the first, and stays
 * open where the decoder is small; a large one's is open while it decodes.
 */
export function ortDecoder(model: DecoderModel, host: OrtHost, { latent, tiles = 'auto' }: OrtDecoderOptions): Decoder {
  const { height, width } = latent;
  const shape = chosenTiles(model, latent, tiles);
  const size = model.latentChannels * height * width;
  const session = new DecoderSession(model, host);
  const image = { channels: model.channels, height: height * model.pixels, width: width * model.pixels };
  const decodeOne = async (data: Float32Array): Promise<Float32Array> => {
    const plane: Plane = { channels: model.latentChannels, height, width, data };
    const made = shape
      ? await decodeInTiles(plane, shape, (tile) => session.evaluate(tile))
      : await session.evaluate(plane);
    return trimmed(made, image);
  };
  const decode = async (latents: Float32Array): Promise<Float32Array> => {
    const pixels = image.channels * image.height * image.width;
    const images = new Float32Array((latents.length / size) * pixels);
    for (let i = 0; i * size < latents.length; i++)
      images.set(await decodeOne(latents.subarray(i * size, (i + 1) * size)), i * pixels);
    return images;
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
      return session.during(() => decode(latents));
    },
    dispose: () => session.dispose(),
  };
}

/** The session of a decoder, open as long as it is needed. */
class DecoderSession {
  readonly #model: DecoderModel;
  readonly #host: OrtHost;
  readonly #lifetime = new Lifetime('decoder');
  #session: Promise<OrtSession> | undefined;
  #works = 0;

  constructor(model: DecoderModel, host: OrtHost) {
    this.#model = model;
    this.#host = host;
  }

  /** Makes the image of one plane of latents. */
  async evaluate({ data, channels: inner, height, width }: Plane): Promise<Plane> {
    this.#lifetime.check();
    const host = this.#host;
    const session = await (this.#session ??= host.open(this.#model.graph(), 'packed'));
    const feed = new host.Tensor('float32', data, [1, inner, height, width]);
    const { image } = await session.run({ latent: feed }, ['image']);
    const pixels = Float32Array.from((await image!.getData()) as Float32Array);
    const [, channels, rows, columns] = image!.dims as readonly [number, number, number, number];
    host.free(image!);
    return { channels, height: rows, width: columns, data: pixels };
  }

  /** Does a work, after which a large decoder is let go of unless there are others. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    return this.#lifetime.during(async () => {
      this.#works++;
      try {
        return await work();
      } finally {
        if (--this.#works === 0 && this.#model.parameters >= RELEASED_FROM) await this.#release();
      }
    });
  }

  async dispose(): Promise<void> {
    await this.#lifetime.end();
    await this.#release();
  }

  async #release(): Promise<void> {
    const opened = this.#session;
    this.#session = undefined;
    await (await opened?.catch(() => undefined))?.release();
  }
}

function chosenTiles(model: DecoderModel, latent: OrtDecoderOptions['latent'], tiles: Tiling): TileShape | undefined {
  if (tiles === false) return undefined;
  const shape = typeof tiles === 'object' ? checkedTiles(tiles, model) : model.tiles;
  if (tiles !== 'auto') return needsTiles(latent, shape) ? shape : undefined;
  if (latent.height * latent.width <= MOST_SIDE ** 2) return undefined;
  const bounded = { ...shape, cells: MOST_SIDE, pixels: MOST_SIDE * model.pixels };
  return shape.cells > MOST_SIDE ? bounded : shape;
}

function checkedTiles(tiles: TileShape, { pixels }: DecoderModel): TileShape {
  const code = 'invalid-input';
  checkOptions('tiles', tiles, TILE_FIELDS);
  integerOf({ value: tiles.cells, place: 'tiles.cells', code }, 1);
  integerOf({ value: tiles.pixels, place: 'tiles.pixels', code }, 1);
  numberOf({ value: tiles.overlap, place: 'tiles.overlap', code }, 0, 0.9);
  if (Math.floor(tiles.pixels / pixels) !== tiles.cells) {
    const wayOut = `a cell is ${pixels} pixels wide, so pass ${tiles.cells * pixels}`;
    refuse('tiles.pixels', `${tiles.pixels} pixels are not the image of ${tiles.cells} cells; ${wayOut}`, code);
  }
  return tiles;
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
