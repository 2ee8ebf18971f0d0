import { type BranchId, branchesOf, type Topology } from '@procache/core';
import { elementsOf, membersOf, nameOf, numberOf, type Placed } from '@procache/core/untrusted';
import { type BranchMovement, branchMovement, type Kept, type Study } from '@procache/search';
import type { SearchJob } from '../job.ts';
import type { Workers } from '../workers.ts';

/** Images whose features are looked at. */
const IMAGES = 2;
const LONGEST_GAP = 8;

/**
 * How the features of every branch move, measured once from the model at hand, and from then on read from the study.
 */
export function measuredMovement(
  job: SearchJob,
  { study, workers, signal }: { readonly study: Study; readonly workers: Workers; readonly signal: AbortSignal },
): Promise<readonly BranchMovement[]> {
  return study.keep(keptMovement(job.chosen.model.topology), () => measure(job, workers, signal));
}

function measure(
  { process, conditionOf, steps, seeds }: SearchJob,
  { model }: Workers,
  signal: AbortSignal,
): Promise<readonly BranchMovement[]> {
  const { sampler, eta, guidance, stepsOf } = process;
  const shown = seeds.search.slice(0, IMAGES);
  return branchMovement(model, {
    sampler,
    eta,
    guidance,
    steps: stepsOf(steps),
    seeds: shown,
    conditions: shown.map(conditionOf),
    longest: LONGEST_GAP,
    signal,
  });
}

/** How movement is kept in a study: a number that is not finite (a feature that was all zeros) as `null`. */
export function keptMovement(topology: Topology): Kept<readonly BranchMovement[]> {
  const branches = branchesOf(topology)
    .flat()
    .map(({ id }) => id);
  return {
    name: 'movement',
    write: (movement) =>
      movement.map(({ branch, change, reuseError }) => ({
        branch,
        change: change.map(({ cosine, relativeL1 }) => ({ cosine: written(cosine), relativeL1: written(relativeL1) })),
        reuseError: reuseError.map(written),
      })),
    read: (placed) => elementsOf(placed).map((one) => readBranch(one, branches)),
  };
}

function readBranch(placed: Placed, branches: readonly BranchId[]): BranchMovement {
  const { code, place } = placed;
  const members = membersOf(placed, ['branch', 'change', 'reuseError']);
  const member = (name: string): Placed => ({ value: members[name], place: `${place}.${name}`, code });
  return {
    branch: nameOf(member('branch'), branches),
    change: listOf(member('change')).map((one) => {
      const { cosine, relativeL1 } = membersOf(one, ['cosine', 'relativeL1']);
      return {
        cosine: read({ value: cosine, place: `${one.place}.cosine`, code }, -2),
        relativeL1: read({ value: relativeL1, place: `${one.place}.relativeL1`, code }, 0),
      };
    }),
    reuseError: listOf(member('reuseError')).map((one) => read(one, 0)),
  };
}

/** The elements of a list, which may have none: a sampler of one step has no step before it. */
function listOf(placed: Placed): readonly Placed[] {
  return Array.isArray(placed.value) && placed.value.length === 0 ? [] : elementsOf(placed);
}

/** As many digits as anybody looks at. */
function written(value: number): number | null {
  return Number.isFinite(value) ? Number(value.toPrecision(5)) : null;
}

function read(placed: Placed, least: number): number {
  return placed.value === null ? NaN : numberOf(placed, least, Number.MAX_VALUE);
}
