import { captionOf } from './ascii.ts';
import { drawGrid } from './grid.ts';
import { differenceOf, type Picture } from './image.ts';

/** What `sideBySide` compares: the same images made twice. */
export interface SideBySide {
  readonly uncached: ComparedRow;
  readonly cached: ComparedRow;
  /** A caption above each image, such as its label or prompt. */
  readonly columns?: readonly string[];
  readonly title?: string;
  readonly footer?: string;
  /** How much the difference row is amplified; 4 unless given. */
  readonly gain?: number;
}

/** One of the two rows; captions come from `uncachedCaption` and `cachedCaption`. */
export interface ComparedRow {
  readonly caption: string;
  readonly pictures: readonly Picture[];
}

/**
 * The picture of a comparison: the uncached images, the cached ones below them, and their amplified difference below
 * these.
 */
export function sideBySide({ uncached, cached, gain = 4, ...texts }: SideBySide): Picture {
  const [before, after] = [uncached.pictures, cached.pictures];
  if (before.length !== after.length) {
    throw new RangeError(
      `${before.length} uncached images against ${after.length} cached ones; compare the same images`,
    );
  }
  const differences = before.map((picture, i) => differenceOf(picture, after[i]!, gain));
  return drawGrid({
    ...texts,
    rows: [uncached, cached, { caption: `difference\namplified ${gain}x`, pictures: differences }],
  });
}

/** How long something took, and how close it came. */
export interface CachedResult {
  /** The schedule's name. */
  readonly schedule: string;
  readonly seconds: number;
  readonly uncachedSeconds: number;
  /** In decibels, against the uncached images. */
  readonly psnr: number;
}

/** The caption of the uncached row: `uncached`, `4.21 s`. */
export function uncachedCaption(seconds: number): string {
  return `uncached\n${seconds.toFixed(2)} s`;
}

/** The caption of the cached row: `procache-published`, `1.70 s (2.48x)`, `PSNR 33.1 dB`, a line each. */
export function cachedCaption({ schedule, seconds, uncachedSeconds, psnr }: CachedResult): string {
  const closeness = psnr === Infinity ? 'identical' : `PSNR ${psnr.toFixed(1)} dB`;
  return (
    `${captionOf(schedule, 'schedule')}\n${seconds.toFixed(2)} s ` +
    `(${(uncachedSeconds / seconds).toFixed(2)}x)\n${closeness}`
  );
}
