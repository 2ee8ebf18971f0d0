import { parseSchedule, type Schedule } from '@procache/core';
import { refuse } from '@procache/core/untrusted';
import { type ReuseVariant, alphabetOf, scheduleFor } from '../space/alphabet.ts';
import { bitsOf, checkLength, countsOf, listEntries } from './lists.ts';

/**
 * The schedule of a mask of steps, as cache-dit (`steps_computation_mask`) and stable-diffusion.cpp (`--scm-mask`) take
 * it.
 *
 * `"1,1,0,1"`, `"1101"` or a list; 1 is a computed step, and the first is the first step taken. How the other steps
 * are filled in is not in a mask: `reuse` says it, by default plain reuse of all branches.
 *
 * @throws {ProCacheError} `invalid-schedule` with the place in the mask.
 */
export function fromStepMask(mask: string | readonly number[], reuse: ReuseVariant = {}): Schedule {
  const bits = bitsOf({ value: typeof mask === 'string' ? listEntries(mask, 'mask') : mask, place: 'mask' });
  if (!bits[0])
    refuse(
      'mask[0]',
      'the first step is reused, where there is nothing to reuse; ' +
        'compute it, or reverse the mask if it begins at the clean end',
    );
  const alphabet = alphabetOf({ reuse: [reuse] });
  return {
    ...scheduleFor(bits.map((bit) => (bit ? '#' : alphabet.reused[0]!)).join(''), alphabet),
    notes: { source: 'mask of steps' },
  };
}

/**
 * Which steps a schedule computes, as a mask. How the others are forecast is lost; a schedule with selective steps is
 * refused.
 */
export function toStepMask(schedule: Schedule): readonly (0 | 1)[] {
  const { pattern, legend } = parseSchedule(schedule);
  return Array.from(pattern, (letter, step) => {
    if (letter === '#') return 1;
    const rules = legend[letter] ?? [];
    if (rules.every((rule) => rule.do === 'reuse')) return 0;
    return refuse(
      `schedule.pattern[${step}]`,
      `'${letter}' computes part of the model, and a mask only knows all and nothing; ` +
        `export it as a list of 0, 1 and 2, or for ECAD`,
    );
  });
}

/**
 * The schedule of cache-dit's bins: so many steps computed, then so many reused, in turns, `compute` first.
 *
 * As `cache_dit.steps_mask` reads them, one list may be longer than the other: what is left of it follows at the end.
 *
 * @throws {ProCacheError} `invalid-schedule` with the place in the bins.
 */
export function fromBins(compute: readonly number[], cache: readonly number[], reuse: ReuseVariant = {}): Schedule {
  return fromStepMask(bitsOfBins(compute, cache), reuse);
}

/** The mask of some bins, which nobody has checked. */
export function bitsOfBins(compute: unknown, cache: unknown): readonly (0 | 1)[] {
  const runs = {
    compute: countsOf({ value: compute, place: 'compute_bins' }),
    cache: countsOf({ value: cache, place: 'cache_bins' }),
  };
  checkLength(
    [...runs.compute, ...runs.cache].reduce((sum, run) => sum + run, 0),
    'compute_bins with cache_bins',
  );
  return maskOfRuns(runs.compute, runs.cache);
}

/** Ones and zeros in turns. */
export function maskOfRuns(compute: readonly number[], cache: readonly number[]): readonly (0 | 1)[] {
  const turns = Array.from({ length: Math.max(compute.length, cache.length) }, (_, i) => i);
  return turns.flatMap((i) => [...new Array<1>(compute[i] ?? 0).fill(1), ...new Array<0>(cache[i] ?? 0).fill(0)]);
}

/** The runs of computed and of reused steps of a schedule, as cache-dit's bins. */
export function toBins(schedule: Schedule): { readonly compute: readonly number[]; readonly cache: readonly number[] } {
  const runs = Array.from(toStepMask(schedule).join('').matchAll(/1+|0+/g), ([run]) => run);
  const lengths = (bit: string): readonly number[] =>
    runs.filter((run) => run.startsWith(bit)).map(({ length }) => length);
  return { compute: lengths('1'), cache: lengths('0') };
}
