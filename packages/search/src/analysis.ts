import { forecastWeights, type ForecastRule, ProCacheError } from '@procache/core';
import { checkOptions } from '@procache/core/untrusted';

/** By how much something changed. */
export interface Change {
  /** 1 for the same direction, 0 for a right angle, or where one of the two is all zeros. */
  readonly cosine: number;
  /** The sum of absolute differences by the sum of absolute values of the later one. */
  readonly relativeL1: number;
}

/**
 * How features change from each step to the next: the first analysis of the paper (section 3). One entry fewer than
 * steps.
 */
export function featureChange(features: readonly Float32Array[]): readonly Change[] {
  return features.slice(1).map((feature, i) => changeOf(features[i]!, feature));
}

export interface ReuseErrorOptions {
  /** The longest gap to look at. */
  readonly longest: number;
  /** The degree of the forecast; 0, the default, is plain reuse. */
  readonly order?: number;
  readonly forecast?: ForecastRule;
}

/**
 * The relative L1 error of features that are reused over a gap instead of computed: the second analysis of the paper.
 *
 * `errors[step][gap - 1]` is that of the feature of `step`, held or forecast from steps that were computed `gap` steps
 * apart. NaN where the gap reaches back before step 0; an order without history enough falls back.
 */
export function reuseError(
  features: readonly Float32Array[],
  options: ReuseErrorOptions,
): readonly (readonly number[])[] {
  checkOptions('reuseError', options, { longest: true, order: true, forecast: true });
  const { longest, order = 0, forecast = 'taylor' } = options;
  if (!Number.isSafeInteger(longest) || longest < 1)
    throw new ProCacheError('invalid-input', `longest: ${longest} is not an integer of at least 1`);
  return features.map((feature, step) =>
    Array.from({ length: longest }, (_, i) => {
      const gap = i + 1;
      const nodes = Array.from({ length: order + 1 }, (_unused, k) => step - (k + 1) * gap).filter((node) => node >= 0);
      if (nodes.length === 0) return NaN;
      const weights = forecastWeights(nodes, step, order, forecast);
      const predicted = feature.map((_value, index) =>
        nodes.reduce((sum, node, k) => sum + (weights[k] ?? 0) * features[node]![index]!, 0),
      );
      return changeOf(predicted, feature).relativeL1;
    }),
  );
}

/** The mean over steps of what was measured step by step, for a table by depth; steps without a number are left out. */
export function meanOverSteps(errors: readonly (readonly number[])[]): readonly number[] {
  const width = errors[0]?.length ?? 0;
  return Array.from({ length: width }, (_, i) => {
    const own = errors.map((row) => row[i]!).filter((value) => !Number.isNaN(value));
    return own.reduce((sum, value) => sum + value, 0) / own.length;
  });
}

/** By how much a feature differs from an earlier one. */
export function changeOf(before: Float32Array, after: Float32Array): Change {
  if (before.length !== after.length)
    throw new ProCacheError(
      'invalid-input',
      `features of ${before.length} and ${after.length} numbers cannot be compared; pass those of one branch`,
    );
  let [product, beforeSquares, afterSquares, difference, size] = [0, 0, 0, 0, 0];
  for (let i = 0; i < after.length; i++) {
    const [a, b] = [before[i]!, after[i]!];
    product += a * b;
    beforeSquares += a * a;
    afterSquares += b * b;
    difference += Math.abs(a - b);
    size += Math.abs(b);
  }
  const lengths = Math.sqrt(beforeSquares * afterSquares);
  return {
    cosine: lengths === 0 ? Number(difference === 0) : product / lengths,
    relativeL1: difference === 0 ? 0 : difference / size,
  };
}
