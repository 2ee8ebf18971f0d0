import type { BranchId } from '@procache/core';
import { elementsOf, membersOf, numberOf, type Placed, refuse, shown } from '@procache/core/untrusted';
import type { Change } from './analysis.ts';
import type { BranchMovement } from './movement.ts';
import type { Json } from './study/json.ts';

/** As many digits as anybody looks at. */
const DIGITS = 5;

/**
 * How features move, as JSON, with five digits. A change relative to a feature of zeros is infinite, and is written as
 * its name.
 */
export function movementToJson(movement: readonly BranchMovement[]): Json {
  return movement.map(({ branch, change, reuseError }) => ({
    branch,
    change: change.map(({ cosine, relativeL1 }) => ({ cosine: short(cosine), relativeL1: short(relativeL1) })),
    reuseError: reuseError.map(short),
  }));
}

/**
 * The movement that `movementToJson` wrote down.
 *
 * @throws {ProCacheError} for anything else, with the place.
 */
export function movementFromJson(placed: Placed): readonly BranchMovement[] {
  return elementsOf(placed).map((own): BranchMovement => {
    const { branch, change, reuseError } = membersOf(own, ['branch', 'change', 'reuseError']);
    const at = (value: unknown, name: string): Placed => ({ value, place: `${own.place}.${name}`, code: own.code });
    return {
      branch: branchIn(at(branch, 'branch')),
      change: elementsOf(at(change, 'change')).map(changeIn),
      reuseError: elementsOf(at(reuseError, 'reuseError')).map(errorIn),
    };
  });
}

function changeIn(placed: Placed): Change {
  const { cosine, relativeL1 } = membersOf(placed, ['cosine', 'relativeL1']);
  const at = (value: unknown, name: string): Placed => ({ value, place: `${placed.place}.${name}`, code: placed.code });
  return { cosine: numberOf(at(cosine, 'cosine'), -1.001, 1.001), relativeL1: errorIn(at(relativeL1, 'relativeL1')) };
}

function errorIn(placed: Placed): number {
  return placed.value === 'Infinity' ? Infinity : numberOf(placed, 0, Infinity);
}

function branchIn({ value, place, code }: Placed): BranchId {
  if (isBranch(value)) return value;
  return refuse(place, `${shown(value)} is no branch, such as "21.mlp"`, code);
}

function isBranch(value: unknown): value is BranchId {
  return typeof value === 'string' && /^\d{1,6}\..+$/.test(value);
}

function short(value: number): number | string {
  return Number.isFinite(value) ? Number(value.toPrecision(DIGITS)) : String(value);
}
