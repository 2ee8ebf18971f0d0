import { ProCacheError } from '@procache/core';
import { computedSteps } from '../space/pattern.ts';

/** What the steps of a generation take, by letter, as measured on the machine at hand. */
export interface LetterTimes {
  /** Once per generation, in milliseconds; 0 unless given. */
  readonly once?: number;
  /** Per step, in milliseconds, by the letter of the pattern. */
  readonly letters: Readonly<Record<string, number>>;
}

/** What a schedule may cost: so many computed steps, or so much time. */
export type Target = { readonly computed: number } | { readonly milliseconds: number; readonly times: LetterTimes };

/** What a pattern takes, in milliseconds, by what its letters take. */
export function millisecondsOf(pattern: string, { once = 0, letters }: LetterTimes): number {
  return Array.from(pattern).reduce((sum, letter) => sum + timeOf(letter, letters), once);
}

/** Whether a pattern keeps within a target. */
export function affords(target: Target): (pattern: string) => boolean {
  if ('computed' in target) return (pattern) => computedSteps(pattern).length <= target.computed;
  return (pattern) => millisecondsOf(pattern, target.times) <= target.milliseconds;
}

/**
 * The most steps that a target lets one compute where all the others are reused as `letter` says.
 *
 * @throws {ProCacheError} `infeasible-constraints` where not even one computed step keeps within it.
 */
export function budgetFor(target: Target, steps: number, letter: string): number {
  const admits = affords(target);
  for (let budget = steps; budget > 0; budget--) {
    if (admits('#'.repeat(budget) + letter.repeat(steps - budget))) return budget;
  }
  throw new ProCacheError(
    'infeasible-constraints',
    `no schedule of ${steps} steps keeps within the target: ${shortfall(target, steps, letter)}`,
  );
}

/** Of some letters the one whose steps take the least time. */
export function cheapestLetter(among: readonly string[], { letters }: LetterTimes): string {
  return among.reduce((best, letter) => (letters[letter]! < letters[best]! ? letter : best));
}

function shortfall(target: Target, steps: number, letter: string): string {
  if ('computed' in target) return `step 0 must be computed, and ${target.computed} steps may be; use at least 1`;
  const least = millisecondsOf(`#${letter.repeat(steps - 1)}`, target.times);
  return (
    `with one computed step it takes ${least.toFixed(1)} ms, and the target is ${target.milliseconds} ms; ` +
    `use a higher target or fewer steps`
  );
}

function timeOf(letter: string, letters: LetterTimes['letters']): number {
  const time = letters[letter];
  if (time !== undefined) return time;
  throw new ProCacheError(
    'invalid-input',
    `how long a step '${letter}' takes is not known (only ${Object.keys(letters).join(', ')}); measure it first`,
  );
}
