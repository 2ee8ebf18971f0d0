import { refuse } from '@procache/core/untrusted';
import { maskOfRuns } from './step-mask.ts';

/** The policies by which cache-dit makes a mask of any number of steps, from the most computed steps to the fewest. */
export const MASK_POLICIES = ['slow', 'medium', 'fast', 'ultra'] as const;
export type MaskPolicy = (typeof MASK_POLICIES)[number];

interface Runs {
  readonly compute: number[];
  readonly cache: number[];
}

type Table = Readonly<Record<MaskPolicy, readonly [compute: readonly number[], cache: readonly number[]]>>;

/** Of 28 steps. */
const LONG: Table = {
  slow: [
    [8, 3, 3, 2, 1, 1],
    [1, 2, 2, 2, 3],
  ],
  medium: [
    [6, 2, 2, 2, 2, 1],
    [1, 3, 3, 3, 3],
  ],
  fast: [
    [6, 1, 1, 1, 1, 1],
    [1, 3, 4, 5, 4],
  ],
  ultra: [
    [4, 1, 1, 1, 1],
    [2, 5, 6, 7],
  ],
};
const LONG_STEPS = 28;

/** Of 15 steps, for models that take few. */
const SHORT: Table = {
  slow: [
    [4, 2, 2, 2, 1],
    [1, 1, 1, 1],
  ],
  medium: [
    [4, 2, 1, 1, 1],
    [1, 1, 2, 2],
  ],
  fast: [
    [3, 1, 1, 1, 1],
    [1, 2, 2, 3],
  ],
  ultra: [
    [2, 1, 1, 1, 1],
    [1, 2, 3, 3],
  ],
};

const NINE: Table = {
  slow: [[5, 2, 1], [1]],
  medium: [
    [5, 1, 1],
    [1, 1],
  ],
  fast: [
    [4, 1, 1],
    [1, 2],
  ],
  ultra: [
    [3, 1, 1],
    [2, 2],
  ],
};

const EIGHT: Table = {
  slow: [[5, 1, 1], [1]],
  medium: [
    [4, 1, 1],
    [1, 1],
  ],
  fast: [
    [3, 1, 1],
    [1, 2],
  ],
  ultra: [
    [2, 1, 1],
    [2, 2],
  ],
};

/** The fewest steps that the table of 28 is cut down to. */
const LEAST_LONG = 16;

/**
 * The mask of a policy, as `cache_dit.steps_mask(total_steps=..., mask_policy=...)` makes it.
 *
 * A table of runs is stretched or cut to the number of steps, and the last step is always computed.
 */
export function policyMask(policy: MaskPolicy, steps: number, place: string): readonly (0 | 1)[] {
  const [compute, cache] = tableFor(steps, place)[policy];
  const runs: Runs = { compute: [...compute], cache: [...cache] };
  if (steps > LONG_STEPS) stretch(runs, steps);
  cut(runs, steps);
  return maskOfRuns(runs.compute, runs.cache).with(-1, 1);
}

function tableFor(steps: number, place: string): Table {
  if (steps >= LEAST_LONG) return LONG;
  if (steps > 9) return SHORT;
  if (steps === 9) return NINE;
  if (steps === 8) return EIGHT;
  const few = steps === 4 ? ([[2, 1], [1]] as const) : steps === 6 ? ([[3, 1], [2]] as const) : undefined;
  if (!few) return refuse(place, `there is no policy for ${steps} steps, only for 4, 6, and 8 or more; list the mask`);
  return { slow: few, medium: few, fast: few, ultra: few };
}

function lengthOf({ compute, cache }: Runs): number {
  return [...compute, ...cache].reduce((sum, run) => sum + run, 0);
}

/** Lengthens run after run by a share of what it was, until there are enough steps. */
function stretch(runs: Runs, steps: number): void {
  const before = { compute: [...runs.compute], cache: [...runs.cache] };
  const pairs = Math.min(runs.compute.length, runs.cache.length);
  const longer = (list: 'compute' | 'cache', i: number): boolean => {
    runs[list][i]! += Math.max(Math.trunc(before[list][i]! * ((steps / LONG_STEPS) * 0.5)), 1);
    return lengthOf(runs) >= steps;
  };
  for (;;) {
    for (let i = 0; i < pairs; i++) if (longer('compute', i) || longer('cache', i)) return;
    runs.compute[runs.compute.length - 1]! += 1;
    if (lengthOf(runs) >= steps) return;
  }
}

/** Takes steps away from the last reused and the last computed run, in turns, until there are no more than wanted. */
function cut(runs: Runs, steps: number): void {
  for (let turn = 0; lengthOf(runs) > steps; turn++) {
    const list = turn % 2 === 0 ? runs.cache : runs.compute;
    if (list.length > 0 && --list[list.length - 1]! === 0) list.pop();
  }
}
