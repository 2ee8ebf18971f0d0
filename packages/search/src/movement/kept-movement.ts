import { type BranchId, branchesOf, type Topology } from '@procache/core';
import { elementsOf, membersOf, nameOf, numberOf, type Placed } from '@procache/core/untrusted';
import type { Kept } from '../study/kept.ts';
import type { BranchMovement } from './branch-movement.ts';

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
