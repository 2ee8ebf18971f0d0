import type { Judged } from '@procache/search';
import { small } from '../units.ts';

/** Errors far below 1 with their power of ten, all else with three digits. */
export function shownScore(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  return value !== 0 && value < 0.01 ? small(value) : value.toPrecision(value >= 0.995 && value < 1 ? 4 : 3);
}

/** The range in which the mean of the first objective lies, as its scores are: `1.10e-5..2.32e-5`. */
export function intervalText({ interval: { low, high } }: Judged, between = '..'): string {
  if (!Number.isFinite(low)) return '-';
  const [from, to] = low < 0 && high > 0 ? [0, high] : [Math.abs(low), Math.abs(high)].sort((a, b) => a - b); // no score is on both sides of 0
  return `${shownScore(from!)}${between}${shownScore(to!)}`;
}
