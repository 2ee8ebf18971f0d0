import type { Schedule } from '@procache/core';
import { type ReuseVariant, alphabetOf, scheduleFor } from '../space/alphabet.ts';
import { bitsOf, countOf, refuse } from './foreign-json.ts';

/**
 * The schedule of a mask of steps, as cache-dit (`steps_computation_mask`) and stable-diffusion.cpp (`--scm-mask`) take it.
 *
 * `"1,1,0,1"`, `"1101"` or a list; 1 is a computed step, and the first is the first step taken. How the other steps
 * are filled in is not in a mask: `reuse` says it, by default plain reuse of all branches.
 *
 * @throws {ProCacheError} `invalid-schedule` with the place in the mask.
 */
export function fromStepMask(mask: string | readonly number[], reuse: ReuseVariant = {}): Schedule {
  const bits = bitsOf(typeof mask === 'string' ? numbersOf(mask) : mask, 'mask');
  if (!bits[0])
    refuse(
      'mask[0]',
      'the first step is reused, where there is nothing to reuse; compute it, or reverse the mask if it begins at the clean end',
    );
  const alphabet = alphabetOf({ reuse: [reuse] });
  return { ...scheduleFor(bits.map((bit) => (bit ? '#' : alphabet.reused[0]!)).join(''), alphabet), notes: { source: 'mask of steps' } };
}

/** Which steps a schedule computes, as a mask. How the others are forecast is lost; a schedule with selective steps is refused. */
export function toStepMask({ pattern, legend }: Schedule): readonly (0 | 1)[] {
  return Array.from(pattern, (letter, step) => {
    if (letter === '#') return 1;
    const rules = legend[letter] ?? [];
    if (rules.every((rule) => rule.do === 'reuse')) return 0;
    return refuse(
      `schedule.pattern[${step}]`,
      `'${letter}' computes part of the model, and a mask only knows all and nothing; export it as a list of 0, 1 and 2, or for ECAD`,
    );
  });
}

/**
 * The schedule of cache-dit's bins: so many steps computed, then so many reused, in turns.
 *
 * `compute` begins, and may have one run more than `cache`.
 *
 * @throws {ProCacheError} `invalid-schedule` with the place in the bins.
 */
export function fromBins(compute: readonly number[], cache: readonly number[], reuse: ReuseVariant = {}): Schedule {
  if (compute.length !== cache.length && compute.length !== cache.length + 1) {
    refuse('compute_bins', `has ${compute.length} runs for ${cache.length} in cache_bins; give as many, or one more`);
  }
  const mask = compute.flatMap((run, i) => [
    ...new Array<number>(countOf(run, `compute_bins[${i}]`)).fill(1),
    ...(i < cache.length ? new Array<number>(countOf(cache[i], `cache_bins[${i}]`)).fill(0) : []),
  ]);
  return fromStepMask(mask, reuse);
}

/** The runs of computed and of reused steps of a schedule, as cache-dit's bins. */
export function toBins(schedule: Schedule): { readonly compute: readonly number[]; readonly cache: readonly number[] } {
  const runs = Array.from(toStepMask(schedule).join('').matchAll(/1+|0+/g), ([run]) => run);
  const lengths = (bit: string): readonly number[] => runs.filter((run) => run.startsWith(bit)).map(({ length }) => length);
  return { compute: lengths('1'), cache: lengths('0') };
}

/** The numbers of `"1,1,0,1"` or `"1101"`. */
export function numbersOf(text: string): readonly unknown[] {
  const trimmed = text.trim().replace(/^\[|\]$/g, '');
  const parts = trimmed.includes(',') ? trimmed.split(',').map((part) => part.trim()) : Array.from(trimmed.replace(/\s/g, ''));
  return parts.filter((part) => part !== '').map((part) => (/^\d$/.test(part) ? Number(part) : part));
}
