/** How latents are cut into tiles that are decoded one by one. */
export interface TileShape {
  /** The side of a tile, in cells of the latents. */
  readonly cells: number;
  /** The side of its image, in pixels. */
  readonly pixels: number;
  /** How much of a tile lies over its neighbours, 0 to below 1. */
  readonly overlap: number;
}

/** Numbers of one image or latent, [channels, height, width]. */
export interface Plane {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly data: Float32Array;
}

/** Whether a latent is larger than a tile: one that is not is decoded whole. */
export function needsTiles(
  { height, width }: { readonly height: number; readonly width: number },
  { cells }: TileShape,
): boolean {
  return height > cells || width > cells;
}

/**
 * Decodes a latent tile by tile, and blends the images where they overlap, as diffusers does (`tiled_decode` of
 * AutoencoderKL).
 *
 * Each tile is blended first with the one above, then with the one to the left, both of which have been blended
 * already; of each, what the next ones begin with is cut off. A decoder that normalises over a whole image
 * (GroupNorm) sees a tile as an image, so the result is not that of decoding it whole.
 *
 * @returns an image that may be a few pixels larger than that of the whole latent, where the overlap is no whole number
 * of cells, as in diffusers.
 */
export async function decodeInTiles(
  latent: Plane,
  shape: TileShape,
  decode: (tile: Plane) => Promise<Plane>,
): Promise<Plane> {
  const stride = Math.max(1, Math.trunc(shape.cells * (1 - shape.overlap)));
  const blended = Math.trunc(shape.pixels * shape.overlap);
  const kept = shape.pixels - blended;
  const rows: Plane[] = [];
  let above: readonly Plane[] = [];
  for (let top = 0; top < latent.height; top += stride) {
    const row: Plane[] = [];
    for (let left = 0; left < latent.width; left += stride) {
      const tile = await decode(cut(latent, { top, left, height: shape.cells, width: shape.cells }));
      const over = above[row.length];
      if (over) blendBelow(over, tile, blended);
      const before = row.at(-1);
      if (before) blendBeside(before, tile, blended);
      row.push(tile);
    }
    above = row;
    rows.push(beside(row.map((tile) => cut(tile, { top: 0, left: 0, height: kept, width: kept }))));
  }
  return below(rows);
}

interface Window {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

/** A window of a plane, or as much of it as there is. */
function cut({ channels, height, width, data }: Plane, window: Window): Plane {
  const [rows, columns] = [Math.min(window.height, height - window.top), Math.min(window.width, width - window.left)];
  const own = new Float32Array(channels * rows * columns);
  for (let channel = 0; channel < channels; channel++) {
    for (let y = 0; y < rows; y++) {
      const from = (channel * height + window.top + y) * width + window.left;
      own.set(data.subarray(from, from + columns), (channel * rows + y) * columns);
    }
  }
  return { channels, height: rows, width: columns, data: own };
}

/** Blends the first rows of a tile with the last ones of the tile above it, in place. */
function blendBelow(above: Plane, tile: Plane, extent: number): void {
  const rows = Math.min(above.height, tile.height, extent);
  for (let channel = 0; channel < tile.channels; channel++) {
    for (let y = 0; y < rows; y++) {
      const share = y / rows;
      const from = (channel * above.height + above.height - rows + y) * above.width;
      const to = (channel * tile.height + y) * tile.width;
      for (let x = 0; x < tile.width; x++)
        tile.data[to + x] = above.data[from + x]! * (1 - share) + tile.data[to + x]! * share;
    }
  }
}

/** Blends the first columns of a tile with the last ones of the tile to its left, in place. */
function blendBeside(left: Plane, tile: Plane, extent: number): void {
  const columns = Math.min(left.width, tile.width, extent);
  for (let row = 0; row < tile.channels * tile.height; row++) {
    const from = row * left.width + left.width - columns;
    const to = row * tile.width;
    for (let x = 0; x < columns; x++) {
      const share = x / columns;
      tile.data[to + x] = left.data[from + x]! * (1 - share) + tile.data[to + x]! * share;
    }
  }
}

/** Planes of one height, side by side. */
function beside(planes: readonly Plane[]): Plane {
  const { channels, height } = planes[0]!;
  const width = planes.reduce((sum, plane) => sum + plane.width, 0);
  const data = new Float32Array(channels * height * width);
  let left = 0;
  for (const plane of planes) {
    for (let row = 0; row < channels * height; row++)
      data.set(plane.data.subarray(row * plane.width, (row + 1) * plane.width), row * width + left);
    left += plane.width;
  }
  return { channels, height, width, data };
}

/** Planes of one width, one below the other. */
function below(planes: readonly Plane[]): Plane {
  const { channels, width } = planes[0]!;
  const height = planes.reduce((sum, plane) => sum + plane.height, 0);
  const data = new Float32Array(channels * height * width);
  let top = 0;
  for (const plane of planes) {
    const size = plane.height * width;
    for (let channel = 0; channel < channels; channel++)
      data.set(plane.data.subarray(channel * size, (channel + 1) * size), (channel * height + top) * width);
    top += plane.height;
  }
  return { channels, height, width, data };
}
