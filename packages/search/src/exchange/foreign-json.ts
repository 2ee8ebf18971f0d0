import { ProCacheError } from '@procache/core';

/** Refuses a foreign schedule: says where, then what is wrong and the way out. */
export function refuse(place: string, problem: string): never {
  throw new ProCacheError('invalid-schedule', `${place}: ${problem}`);
}

/** A value for an error message, cut to a length that fits one. */
export function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = (JSON.stringify(value) as string | undefined) ?? typeof value;
  return text.length > 40 ? `${text.slice(0, 37)}...` : text;
}

/** The members of an object. */
export function membersOf(value: unknown, place: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) refuse(place, `${shown(value)} is not an object`);
  return value as Readonly<Record<string, unknown>>;
}

/** A count of at least one. */
export function countOf(value: unknown, place: string): number {
  if (!Number.isSafeInteger(value) || (value as number) < 1) refuse(place, `${shown(value)} is not an integer of at least 1`);
  return value as number;
}

/** A list of zeros and ones, as booleans. */
export function bitsOf(value: unknown, place: string): readonly boolean[] {
  if (!Array.isArray(value) || value.length === 0) refuse(place, `${shown(value)} is not a list of 0 and 1`);
  return value.map((bit: unknown, i) => {
    if (bit !== 0 && bit !== 1) refuse(`${place}[${i}]`, `${shown(bit)} is neither 1 (compute) nor 0 (reuse)`);
    return bit === 1;
  });
}
