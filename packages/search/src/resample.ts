import { MAX_STEPS, parseSchedule, type Schedule } from '@procache/core';
import { checkOptions, integerOf } from '@procache/core/untrusted';

export interface ResampleOptions {
  /**
   * What is kept of the steps that are computed: `'count'`, the default, how many they are, as far as there are places
   * for them;
   * `'share'` which share of all steps they are.
   */
  readonly keep?: 'count' | 'share';
}

/**
 * A schedule for another number of steps: what happened at a share of the way happens at that share again.
 *
 * By count each computed step moves to its new place, and where two fall together they are one. By share there are more
 * or fewer of them, as dense in each part as before. A step that is not computed does what the nearest such step did,
 * and step 0 does what it did. Nobody has measured the result, and the notes say so.
 *
 * @throws {ProCacheError} `invalid-input` for a number of steps that no schedule may have, `invalid-schedule` for what
 * is no schedule.
 */
export function resample(schedule: Schedule, steps: number, options: ResampleOptions = {}): Schedule {
  checkOptions('resample', options, { keep: true });
  const { keep = 'count' } = options;
  integerOf({ value: steps, place: 'steps', code: 'invalid-input' }, 1, MAX_STEPS);
  const parsed = parseSchedule(schedule);
  const { pattern, notes } = parsed;
  if (steps === pattern.length) return schedule;
  const before = computedStepsOf(parsed);
  const places =
    keep === 'share'
      ? spread(before, pattern.length, Math.max(1, Math.round((before.length * steps) / pattern.length)))
      : before;
  const rounded = places.map((place) => Math.min(steps - 1, Math.round(place * (steps / pattern.length))));
  const computed = new Set(keep === 'share' ? apart(rounded, steps) : rounded);
  const reused = nearestOthers(pattern, new Set(before));
  const letters = Array.from({ length: steps }, (_, step) => {
    if (step === 0) return pattern[0]!;
    return computed.has(step) ? '#' : reused[Math.floor(((step + 0.5) * pattern.length) / steps)]!;
  });
  return {
    ...parsed,
    pattern: letters.join(''),
    notes: { ...notes, resampled: { from: pattern.length, to: steps, keep, tested: false } },
  };
}

/** The steps at which a schedule computes the whole model, whatever their letter is. */
export function computedStepsOf(schedule: Schedule): readonly number[] {
  const { pattern, legend } = parseSchedule(schedule);
  const isComputed = (letter: string): boolean => {
    const last = legend[letter]?.at(-1);
    return letter === '#' || (last?.do === 'compute' && !last.blocks && !last.modules);
  };
  return Array.from(pattern, (letter, step) => (isComputed(letter) ? step : -1)).filter((step) => step >= 0);
}

/** So many places from the first of some steps to the last, as dense in each part as those are; between steps, too. */
function spread(steps: readonly number[], length: number, count: number): readonly number[] {
  const [first = 0] = steps;
  if (steps.length < 2 || count < 2)
    return Array.from({ length: count }, (_, i) => first + (i * (length - first)) / count);
  return Array.from({ length: count }, (_, i) => {
    const at = (i * (steps.length - 1)) / (count - 1);
    const [low, high] = [steps[Math.floor(at)]!, steps[Math.ceil(at)]!];
    return low + (high - low) * (at - Math.floor(at));
  });
}

/** Ascending steps moved so far apart that no two are the same; there are no more of them than steps. */
function apart(places: readonly number[], steps: number): readonly number[] {
  const forwards: number[] = [];
  for (const place of places) forwards.push(Math.max(place, (forwards.at(-1) ?? -1) + 1));
  const last = forwards.length - 1;
  return forwards.map((place, i) => Math.min(place, steps - 1 - (last - i)));
}

/** For each step the letter of the nearest step that is not computed; `.` where there is none. */
function nearestOthers(pattern: string, computed: ReadonlySet<number>): readonly string[] {
  const others = Array.from({ length: pattern.length }, (_, step) => step).filter((step) => !computed.has(step));
  let next = 0;
  return Array.from({ length: pattern.length }, (_, step) => {
    while (next + 1 < others.length && others[next + 1]! - step < step - others[next]!) next++;
    const nearest = others[next];
    return nearest === undefined ? '.' : pattern[nearest]!;
  });
}
