import { checkOptions } from '@procache/core/untrusted';
import { checkConstraints, type PatternConstraints } from './pattern-constraints.ts';

/** The constraints that the shipped sampler knows: those of Eqs. 2-4. */
export type ReferenceConstraints = Pick<PatternConstraints, 'steps' | 'budget' | 'reuse'>;

export interface ReferenceSampleOptions {
  /** How many different patterns are wanted; 5 unless given, as in the paper. */
  readonly count?: number;
  /** After so many draws it gives up; a million unless given, as shipped. */
  readonly attempts?: number;
  readonly random: () => number;
}

/** What the shipped sampler found, and how hard it was. */
export interface ReferenceDraw {
  /** In the order in which they were found; fewer than asked for where the attempts ran out. */
  readonly patterns: readonly string[];
  readonly attempts: number;
  /** The draws that kept Eq. 4; the others were thrown away. */
  readonly accepted: number;
}

/**
 * ProCache's own sampler of patterns, as `CASS.py` ships it: biased, and here for comparison only.
 *
 * It breaks a stick at random places, throws the draw away where a segment is too long, and sorts the
 * rest to meet Eq. 3. A pattern is therefore as likely as its segments have orders: of the 21
 * patterns of its demo some come 250 times as often as others. `PatternSpace` draws uniformly.
 *
 * @throws {ProCacheError} `infeasible-constraints`, where the original prints a line and returns nothing.
 */
export function referenceSample(constraints: ReferenceConstraints, options: ReferenceSampleOptions): ReferenceDraw {
  checkOptions('referenceSample', options, { count: true, attempts: true, random: true });
  checkConstraints(constraints);
  const { count = 5, attempts: most = 1_000_000, random } = options;
  const found = new Set<string>();
  let [attempts, accepted] = [0, 0];
  while (found.size < count && attempts < most) {
    attempts++;
    const pattern = referenceAttempt(constraints, random);
    if (pattern === undefined) continue;
    accepted++;
    found.add(pattern);
  }
  return { patterns: [...found], attempts, accepted };
}

/** One draw of the shipped sampler; undefined where it is thrown away. */
export function referenceAttempt(
  { steps, budget, reuse: [least, most] }: ReferenceConstraints,
  random: () => number,
): string | undefined {
  const spare = steps - budget * (least + 1);
  const cuts = Array.from({ length: budget - 1 }, () => Math.floor(random() * (spare + 1))).sort((a, b) => a - b);
  const bounds = [0, ...cuts, spare];
  const gaps = bounds.slice(1).map((bound, i) => least + bound - bounds[i]!);
  if (gaps.some((gap) => gap > most)) return undefined;
  return gaps
    .sort((a, b) => b - a)
    .map((gap) => `#${'.'.repeat(gap)}`)
    .join('');
}
