import { type ErrorCode, ProCacheError } from '../errors.ts';

/** What some numbers are, for the message where they are none. */
export interface Measured {
  /** `the model's output`. */
  readonly what: string;
  /** How many images the values are of. */
  readonly images: number;
  /**
   * How many of them are pictures of their own: with guidance the second half are the same pictures unconditionally.
   */
  readonly pictures?: number | undefined;
  /** The way out, and the code of the error; by default those of numbers that a model made. */
  readonly way?: string;
  readonly code?: ErrorCode;
}

/**
 * Refuses values that hold NaN or an infinity, [images, ...]: all that comes of them is a black picture.
 *
 * @throws {ProCacheError} `execution-failed`, with how many of them there are, and in which images.
 */
export function checkFinite(
  values: Float32Array,
  { what, images, pictures = images, way = WAY_OUT, code = 'execution-failed' }: Measured,
): void {
  if (isFinite(values)) return;
  const which = new Set<number>();
  const bad = values.filter((value, i) => {
    if (Number.isFinite(value)) return false;
    which.add(Math.floor((i * images) / values.length));
    return true;
  });
  throw new ProCacheError(
    code,
    `${what} has ${bad.length} of ${values.length} numbers that are not finite, the first of them ${bad[0]!}, ` +
      `in ${imagesText([...which], pictures)}; ${way}`,
  );
}

const WAY_OUT = 'the weights are damaged or made for other inputs, or the guidance is too strong';

/** A step as messages name it, with its letter where there is a schedule: `step 17 ('+')`. */
export function stepText(step: number, pattern: string | undefined): string {
  return pattern === undefined ? `step ${step}` : `step ${step} ('${pattern[step] ?? ''}')`;
}

/** In one pass without a branch: no sum of squares of finite float32 numbers is too large for a float64. */
function isFinite(values: Float32Array): boolean {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]! * values[i]!;
  return Number.isFinite(sum);
}

/** Images by their number, counted from 0. */
function imagesText(which: readonly number[], pictures: number): string {
  const shown = which
    .slice(0, 4)
    .map((image) => (image < pictures ? `image ${image}` : `image ${image - pictures} unconditional`));
  return which.length > shown.length ? `${shown.join(', ')} and ${which.length - shown.length} more` : shown.join(', ');
}
