import type { Judged, Objective } from '@procache/search';

export { shownScore } from '@procache/report';

/**
 * The range in which the mean of an objective lies with 95 % confidence, as its scores are; undefined where nothing is
 * known of it. Where the mean is not negative neither is the range, as scores of that kind are not.
 */
export function intervalOf(
  { interval: { mean, low, high } }: Judged,
  { better }: Objective,
): readonly [low: number, high: number] | undefined {
  if (![low, high].every(Number.isFinite)) return undefined;
  const [from, to, middle] = better === 'lower' ? [low, high, mean] : [-high, -low, -mean];
  return [middle < 0 ? from : Math.max(0, from), to];
}
