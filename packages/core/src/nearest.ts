import { ProCacheError } from './errors.ts';
import { shown } from './untrusted/printable.ts';

/**
 * As much of a name as is compared: what is longer was not meant to be one of ours, and the time grows with the square.
 */
const COMPARED = 64;

/** The known names in the order of their edit distance from a name, nearest first; ties keep their order. */
export function nearest(name: string, known: readonly string[]): readonly string[] {
  if (typeof name !== 'string' || !Array.isArray(known) || !known.every((candidate) => typeof candidate === 'string')) {
    throw new ProCacheError(
      'invalid-input',
      `nearest: ${shown(name)} among ${shown(known)} is no name among names; pass texts`,
    );
  }
  return byDistance(name, known).map(({ candidate }) => candidate);
}

function byDistance(
  name: string,
  known: readonly string[],
): readonly { readonly candidate: string; readonly distance: number }[] {
  const bare = (text: string) => text.slice(0, COMPARED).toLowerCase();
  const distances = known.map((candidate) => ({ candidate, distance: editDistance(bare(name), bare(candidate)) }));
  return distances.sort((a, b) => a.distance - b.distance);
}

/** `; did you mean "ratio"?` where a known name is near enough to have been meant, else nothing. */
export function suggestion(name: string, known: readonly string[]): string {
  const [best] = byDistance(name, known);
  const near =
    best !== undefined &&
    name.length <= COMPARED &&
    best.distance <= Math.max(1, Math.min(best.candidate.length, COMPARED) / 3);
  return near ? `; did you mean ${shown(best.candidate)}?` : '';
}

/**
 * The fewest insertions, deletions, replacements and swaps of neighbours that turn one text into the other (optimal
 * string alignment).
 */
export function editDistance(from: string, to: string): number {
  let beforeLast: readonly number[] = [];
  let row: readonly number[] = Array.from({ length: to.length + 1 }, (_, j) => j);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = row[j - 1]! + (from[i - 1] === to[j - 1] ? 0 : 1);
      const swaps = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1, swaps ? beforeLast[j - 2]! + 1 : Infinity));
    }
    [beforeLast, row] = [row, next];
  }
  return row[to.length]!;
}
