import { mean } from './evaluator.ts';

/** A mean, and the range in which it lies with 95 % confidence. */
export interface MeanInterval {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/** Student's interval for the mean of some values. Of fewer than two it is everything. */
export function meanInterval(values: readonly number[]): MeanInterval {
  const centre = mean(values);
  if (values.length < 2 || !Number.isFinite(centre)) return { mean: centre, low: -Infinity, high: Infinity };
  const variance = values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1);
  const margin = studentQuantile(values.length - 1) * Math.sqrt(variance / values.length);
  return { mean: centre, low: centre - margin, high: centre + margin };
}

/**
 * How much greater the values of `a` are than those of `b`, pair by pair.
 *
 * Both were measured on the same seeds, and images that are hard for one schedule are hard for the
 * other: the interval of the differences is far narrower than the difference of the intervals.
 */
export function pairedDifference(a: readonly number[], b: readonly number[]): MeanInterval {
  return meanInterval(a.map((value, i) => (value === b[i] ? 0 : value - b[i]!)));
}

/** The 97.5 % point of the normal distribution. */
const NORMAL_QUANTILE = 1.959963984540054;

/**
 * The 97.5 % point of Student's distribution: Abramowitz and Stegun 26.7.5, within 0.1 % from three degrees of freedom
 * on; 1 and 2 exactly.
 */
function studentQuantile(degrees: number): number {
  if (degrees === 1) return 12.7062047;
  if (degrees === 2) return 4.3026527;
  const z = NORMAL_QUANTILE;
  const terms = [
    (z ** 3 + z) / 4,
    (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96,
    (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384,
    (79 * z ** 9 + 776 * z ** 7 + 1482 * z ** 5 - 1920 * z ** 3 - 945 * z) / 92160,
  ];
  return terms.reduce((sum, term, i) => sum + term / degrees ** (i + 1), z);
}
