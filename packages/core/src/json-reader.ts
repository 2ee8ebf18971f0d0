import { ProCacheError } from './errors.ts';
import { suggestion } from './nearest.ts';

/** An untrusted JSON value, and the place where it stands: `schedule.legend["+"][1].ratio`. */
export interface Placed {
  readonly value: unknown;
  readonly place: string;
}

/** Refuses a schedule: says where, then what is wrong and the way out. */
export function refuse(place: string, problem: string): never {
  throw new ProCacheError('invalid-schedule', `${place}: ${problem}`);
}

/** A JSON value for an error message, cut to a length that fits one. */
export function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  const text = (JSON.stringify(value) as string | undefined) ?? typeof value;
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** The members of an object all of whose keys are known. */
export function membersOf({ value, place }: Placed, known: readonly string[]): Readonly<Record<string, unknown>> {
  const members = objectOf({ value, place });
  for (const key of Object.keys(members)) {
    if (!known.includes(key)) refuse(place, `unknown key ${shown(key)}${suggestion(key, known)} (known here: ${known.join(', ')})`);
  }
  return members;
}

/** The members of an object, whatever they are called. */
export function objectOf({ value, place }: Placed): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) refuse(place, `${shown(value)} is not an object`);
  return value as Readonly<Record<string, unknown>>;
}

/** The elements of an array that is not empty, each with its place. */
export function elementsOf({ value, place }: Placed): readonly Placed[] {
  if (!Array.isArray(value)) refuse(place, `${shown(value)} is not an array`);
  if (value.length === 0) refuse(place, 'is empty; it needs at least one element');
  return value.map((element: unknown, i) => ({ value: element, place: `${place}[${i}]` }));
}

/** A text that is not empty. */
export function textOf({ value, place }: Placed): string {
  if (typeof value !== 'string' || value === '') refuse(place, `${shown(value)} is not a non-empty string`);
  return value;
}

export function booleanOf({ value, place }: Placed): boolean {
  if (typeof value !== 'boolean') refuse(place, `${shown(value)} is neither true nor false`);
  return value;
}

/** A number of a closed range; `last` may be `Infinity`. */
export function numberOf({ value, place }: Placed, first: number, last: number): number {
  const range = last === Infinity ? `a number of at least ${first}` : `between ${first} and ${last}`;
  if (typeof value !== 'number' || !Number.isFinite(value) || value < first || value > last) refuse(place, `${shown(value)} is not ${range}`);
  return value;
}

/** An integer of a closed range; `last` may be `Infinity`. */
export function integerOf({ value, place }: Placed, first: number, last: number = Infinity): number {
  const range = last === Infinity ? `an integer of at least ${first}` : `an integer between ${first} and ${last}`;
  if (!Number.isSafeInteger(value) || (value as number) < first || (value as number) > last) refuse(place, `${shown(value)} is not ${range}`);
  return value as number;
}

/** One of some names. */
export function nameOf<Name extends string>({ value, place }: Placed, names: readonly Name[]): Name {
  const found = names.find((name) => name === value);
  if (found !== undefined) return found;
  const hint = typeof value === 'string' ? suggestion(value, names) : '';
  return refuse(place, `${shown(value)} is none of ${names.map((name) => `"${name}"`).join(', ')}${hint}`);
}

/** Two integers of at least `least`. */
export function pairOf({ value, place }: Placed, least: number, meaning: string): readonly [number, number] {
  if (!Array.isArray(value) || value.length !== 2) refuse(place, `${shown(value)} is not a pair ${meaning}`);
  const [a, b] = value.map((element: unknown, i) => integerOf({ value: element, place: `${place}[${i}]` }, least));
  return [a!, b!];
}
