/** An 8-bit picture: `[height, width, channels]`, grey with one channel, RGB with three. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  readonly data: Uint8Array;
}

/** The sizes of a batch of images: `[images, channels, height, width]`. */
export type ImageShape = readonly [images: number, channels: number, height: number, width: number];

/** The values that stand for black and for white. */
export type ValueRange = readonly [black: number, white: number];

/**
 * The pictures of a batch of images: one for each, rounded to the nearest of 256 levels, with values outside the range
 * clamped.
 *
 * `values` is `[images, channels, height, width]`; models of this family work in `[-1, 1]`. NaN becomes black.
 */
export function picturesOf(values: Float32Array, shape: ImageShape, range: ValueRange = [-1, 1]): Picture[] {
  const [images, channels, height, width] = shape;
  if (channels !== 1 && channels !== 3) {
    throw new RangeError(
      `the images have ${channels} channels but a picture has 1 (grey) or 3 (RGB); decode latents first`,
    );
  }
  const plane = height * width;
  if (values.length !== images * channels * plane) {
    throw new RangeError(
      `${values.length} values for ${shape.join(' x ')} (images, channels, height, width); the shape must match`,
    );
  }
  const scale = 255 / (range[1] - range[0]);
  if (!Number.isFinite(scale))
    throw new RangeError(`the range [${range.join(', ')}] has no width; pass black and white, such as [-1, 1]`);
  return Array.from({ length: images }, (_, image) => {
    const data = new Uint8ClampedArray(plane * channels); // [height, width, channels]; it rounds and clamps
    for (let i = 0; i < data.length; i++) {
      const value = values[(image * channels + (i % channels)) * plane + Math.floor(i / channels)]!;
      data[i] = Math.floor((value - range[0]) * scale + 0.5); // halves go up, not to the even level
    }
    return { width, height, channels, data: new Uint8Array(data.buffer) };
  });
}

/** The absolute difference of two pictures of the same shape, times `gain`, clamped: black where they agree. */
export function differenceOf(a: Picture, b: Picture, gain: number): Picture {
  if (a.width !== b.width || a.height !== b.height || a.channels !== b.channels) {
    throw new RangeError(`a picture of ${shapeOf(a)} against ${shapeOf(b)}; compare pictures of the same shape`);
  }
  const data = Uint8ClampedArray.from(a.data, (level, i) => gain * Math.abs(level - b.data[i]!));
  return { ...a, data: new Uint8Array(data.buffer) };
}

/** The shape of a picture for people: `32 x 32 x 3`. */
export function shapeOf({ width, height, channels }: Picture): string {
  return `${width} x ${height} x ${channels}`;
}
