/** How large an image is, in pixels. */
export interface ImageSize {
  readonly height: number;
  readonly width: number;
}

/**
 * Ratios of height to width that PixArt was trained on, and the height and width of each in sixteenths of the side of
 * the square image (`ASPECT_RATIO_256_BIN`, `_512_BIN` and `_1024_BIN` of diffusers' PixArt pipelines, which are one
 * table at three scales).
 */
const BINS: readonly Bin[] = [
  ...bins('0.25:8x32 0.28:8x29 0.32:9x28 0.33:9x27 0.35:9x26 0.4:10x25 0.42:10x24 0.48:11x23 0.5:11x22 0.52:11x21'),
  ...bins('0.57:12x21 0.6:12x20 0.68:13x19 0.72:13x18 0.78:14x18 0.82:14x17 0.88:15x17 0.94:15x16 1:16x16'),
  ...bins('1.07:16x15 1.13:17x15 1.21:17x14 1.29:18x14 1.38:18x13 1.46:19x13 1.67:20x12 1.75:21x12 2:22x11'),
  ...bins('2.09:23x11 2.4:24x10 2.5:25x10 3:27x9 4:32x8'),
];

/** Those that Sigma's 2K model adds to them (`ASPECT_RATIO_2048_BIN`). */
const MORE_BINS: readonly Bin[] = bins('0.26:8x31 0.27:8x30 2.89:26x9 3.11:28x9 3.62:29x8 3.75:30x8 3.88:31x8');
/** The sides of square images that there are bins for, in pixels. */
export const BINNED_SIDES: readonly number[] = [256, 512, 1024, 2048];

interface Bin {
  readonly ratio: number;
  readonly rows: number;
  readonly columns: number;
}

function bins(text: string): readonly Bin[] {
  return text.split(' ').map((bin) => {
    const [ratio, rows, columns] = bin.split(/[:x]/).map(Number) as [number, number, number];
    return { ratio, rows, columns };
  });
}

/**
 * The size among those that a PixArt model was trained on whose ratio of height to width is nearest to that of a size
 * in pixels, the flatter one where two are as near: `classify_height_width_bin` of diffusers. `side` is that of the
 * model's square image, one of `BINNED_SIDES`.
 */
export function binnedSize({ height, width }: ImageSize, side: number): ImageSize {
  const known = side > 1024 ? [...BINS, ...MORE_BINS].sort((a, b) => a.ratio - b.ratio) : BINS;
  const distance = ({ ratio }: Bin): number => Math.abs(ratio - height / width);
  const nearest = known.reduce((best, bin) => (distance(bin) < distance(best) ? bin : best));
  return { height: (nearest.rows * side) / 16, width: (nearest.columns * side) / 16 };
}
