/** Summaries of repeated measurements, such as wall-clock times. */

/** The value that half of `values` lie below; the mean of the middle two for an even count. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/**
 * The value below which the share `fraction` (0 to 1) of `values` lies, linearly interpolated between neighbours.
 *
 * Hyndman and Fan 1996, definition 7: what `numpy.quantile` and R's `quantile` give by default.
 */
export function quantile(values: readonly number[], fraction: number): number {
  requireValues(values);
  if (!(fraction >= 0 && fraction <= 1)) throw new RangeError(`the fraction is ${fraction}; pass a number from 0 to 1`);
  const sorted = values.toSorted((a, b) => a - b);
  const place = fraction * (sorted.length - 1);
  const below = sorted[Math.floor(place)]!;
  const above = sorted[Math.ceil(place)]!;
  return below === above ? below : Math.min(above, below + (above - below) * (place - Math.floor(place)));
}

/** How `bootstrapInterval` draws. */
export interface BootstrapOptions {
  /** Uniform numbers in `[0, 1)`. */
  readonly random: () => number;
  /** How many resamples are drawn; 2000 unless given. */
  readonly samples?: number;
  /** The share of resamples inside the interval; 0.95 unless given. */
  readonly level?: number;
}

/** A range that a statistic lies in. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/**
 * The percentile bootstrap interval of `statistic`: where it falls when `values` are drawn anew, with replacement.
 *
 * Efron, "Bootstrap Methods: Another Look at the Jackknife", 1979. It says how far a measured median or mean can be
 * trusted without assuming a distribution; with fewer than about ten values it is too narrow. `random` is the only
 * source of chance, so a seeded one gives the same interval again.
 */
export function bootstrapInterval(
  values: readonly number[],
  statistic: (resample: readonly number[]) => number,
  options: BootstrapOptions,
): Interval {
  const { random, samples = 2000, level = 0.95 } = options;
  requireValues(values);
  if (!Number.isInteger(samples) || samples < 1) throw new RangeError(`${samples} resamples; draw 1 or more`);
  if (!(level > 0 && level < 1))
    throw new RangeError(`the level is ${level}; pass a number between 0 and 1, such as 0.95`);
  const statistics = Array.from({ length: samples }, () =>
    statistic(Array.from(values, () => values[Math.floor(random() * values.length)]!)),
  );
  const tail = (1 - level) / 2;
  return { low: quantile(statistics, tail), high: quantile(statistics, 1 - tail) };
}

function requireValues(values: readonly number[]): void {
  if (values.length === 0) throw new RangeError('0 values have no summary; pass at least 1');
  const place = values.findIndex(Number.isNaN);
  if (place >= 0) throw new RangeError(`value ${place} of ${values.length} is NaN; leave failed measurements out`);
}
