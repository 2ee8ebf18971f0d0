import { ProCacheError, type Schedule } from '@procache/core';

/**
 * A schedule for another number of steps: what happened at a share of the way happens at that share again.
 *
 * Each computed step moves to its new place; where two fall together they are one. A reused step does
 * what the nearest reused step did. Nobody has measured the result, and the notes say so.
 */
export function resample(schedule: Schedule, steps: number): Schedule {
  if (!Number.isSafeInteger(steps) || steps < 1)
    throw new ProCacheError('invalid-input', `a schedule cannot have ${steps} steps; use an integer of at least 1`);
  const { pattern, notes } = schedule;
  if (steps === pattern.length) return schedule;
  const computed = new Set(movedSteps(pattern, steps));
  const letters = Array.from({ length: steps }, (_, step) =>
    computed.has(step) ? '#' : reusedLetter(pattern, Math.floor(((step + 0.5) * pattern.length) / steps)),
  );
  return {
    ...schedule,
    pattern: letters.join(''),
    notes: { ...notes, resampled: { from: pattern.length, to: steps, tested: false } },
  };
}

/** The computed steps at their new places, each its own, none past the end. */
function movedSteps(pattern: string, steps: number): readonly number[] {
  const scale = steps / pattern.length;
  const old = Array.from(pattern.matchAll(/#/g), ({ index }) => index);
  const wanted = old.slice(0, 1).concat(old.slice(1).map((step) => Math.min(steps - 1, Math.round(step * scale))));
  return [...new Set(wanted)];
}

/** The letter of the reused step nearest to a place; `.` in a pattern that has none. */
function reusedLetter(pattern: string, place: number): string {
  for (let distance = 0; distance < pattern.length; distance++) {
    for (const letter of [pattern[place - distance], pattern[place + distance]]) if (letter !== undefined && letter !== '#') return letter;
  }
  return '.';
}
