import { MAX_STEPS } from '@procache/core';
import { integerOf, type Placed, refuse, shown } from '@procache/core/untrusted';

/** A list of zeros and ones, as booleans: one per step. */
export function bitsOf({ value, place }: Placed): readonly boolean[] {
  if (!Array.isArray(value) || value.length === 0) refuse(place, `${shown(value)} is not a list of 0 and 1`);
  checkLength(value.length, place);
  return value.map((bit: unknown, i) => {
    if (bit !== 0 && bit !== 1) refuse(`${place}[${i}]`, `${shown(bit)} is neither 1 (compute) nor 0 (reuse)`);
    return bit === 1;
  });
}

/** A list of counts of at least one, which may be empty. */
export function countsOf({ value, place }: Placed): readonly number[] {
  if (!Array.isArray(value)) refuse(place, `${shown(value)} is not a list of counts`);
  checkLength(value.length, place);
  return value.map((count: unknown, i) => integerOf({ value: count, place: `${place}[${i}]` }, 1));
}

/** Refuses more steps than a schedule may have, before anything is made of them. */
export function checkLength(steps: number, place: string): void {
  if (steps > MAX_STEPS)
    refuse(place, `has ${steps} entries; the most steps that a schedule may have are ${MAX_STEPS}`);
}

/** Characters that an entry of a list takes at most, its comma and its blanks included. */
const LONGEST_ENTRY = 16;

/**
 * The entries of `"1,1,0,1"`, `"[1, 1, 0, 1]"` or `"1101"`: digits as numbers, everything else as it stands.
 *
 * A comma after the last entry is passed over, as in Python; an entry that is missing elsewhere is the empty text.
 */
export function listEntries(text: string, place: string): readonly unknown[] {
  const most = MAX_STEPS * LONGEST_ENTRY;
  if (text.length > most)
    refuse(
      place,
      `has ${text.length} characters; a list of ${MAX_STEPS} steps, the most that are read, takes no more than ${most}`,
    );
  const trimmed = text.trim();
  const inner = trimmed.startsWith('[') && trimmed.endsWith(']') ? trimmed.slice(1, -1).trim() : trimmed;
  if (inner === '') return [];
  const parts = inner.includes(',')
    ? inner
        .replace(/,$/, '')
        .split(',')
        .map((part) => part.trim())
    : Array.from(inner.replace(/\s/g, ''));
  return parts.map((part) => (/^\d$/.test(part) ? Number(part) : part));
}
