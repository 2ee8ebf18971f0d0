import { type ErrorCode, ProCacheError } from '../errors.ts';
import { suggestion } from '../nearest.ts';
import { shown } from './printable.ts';

/** An untrusted JSON value, and the place where it stands: `schedule.legend["+"][1].ratio`. */
export interface Placed {
  readonly value: unknown;
  readonly place: string;
  /**
   * Of the error that a wrong value throws; `invalid-schedule` unless given. What is read from it inherits the code.
   */
  readonly code?: ErrorCode | undefined;
}

/** Refuses a value: says where it stands, then what is wrong and the way out. */
export function refuse(place: string, problem: string, code: ErrorCode = 'invalid-schedule'): never {
  throw new ProCacheError(code, `${place}: ${problem}`);
}

/** The members of an object all of whose keys are known. */
export function membersOf({ value, place, code }: Placed, known: readonly string[]): Readonly<Record<string, unknown>> {
  const members = objectOf({ value, place, code });
  for (const key of Object.keys(members)) {
    if (!known.includes(key))
      refuse(place, `unknown key ${shown(key)}${suggestion(key, known)} (known here: ${known.join(', ')})`, code);
  }
  return members;
}

/** One member of an object, with its place; its value is undefined where the object has none. */
export function memberOf(placed: Placed, key: string): Placed {
  return { value: objectOf(placed)[key], place: `${placed.place}.${key}`, code: placed.code };
}

/** The members of an object, whatever they are called. */
export function objectOf({ value, place, code }: Placed): Readonly<Record<string, unknown>> {
  if (!isJsonObject(value)) refuse(place, `${shown(value)} is not an object`, code);
  return value;
}

/** Whether a value has members: an object that is neither an array nor null. */
export function isJsonObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The elements of an array that is not empty, each with its place. */
export function elementsOf(placed: Placed): readonly Placed[] {
  const elements = listOf(placed);
  if (elements.length === 0) refuse(placed.place, 'is empty; it needs at least one element', placed.code);
  return elements;
}

/** The elements of an array, each with its place. */
export function listOf({ value, place, code }: Placed): readonly Placed[] {
  if (!Array.isArray(value)) refuse(place, `${shown(value)} is not an array`, code);
  return Array.from(value, (element: unknown, i) => ({ value: element, place: `${place}[${i}]`, code }));
}

/** A text that is not empty, and not longer than `most` UTF-16 units. */
export function textOf({ value, place, code }: Placed, most: number = Infinity): string {
  if (typeof value !== 'string' || value === '') refuse(place, `${shown(value)} is not a non-empty string`, code);
  if (value.length > most)
    refuse(place, `${shown(value)} has ${value.length} characters; the most that are read are ${most}`, code);
  return value;
}

export function booleanOf({ value, place, code }: Placed): boolean {
  if (typeof value !== 'boolean') refuse(place, `${shown(value)} is neither true nor false`, code);
  return value;
}

/** A number of a closed range; `last` may be `Infinity`. */
export function numberOf({ value, place, code }: Placed, first: number, last: number): number {
  const range =
    last === Infinity
      ? first === -Infinity
        ? 'a finite number'
        : `a number of at least ${first}`
      : `between ${first} and ${last}`;
  if (typeof value !== 'number' || !Number.isFinite(value) || value < first || value > last)
    refuse(place, `${shown(value)} is not ${range}`, code);
  return value;
}

/** An integer of a closed range; `last` may be `Infinity`. */
export function integerOf({ value, place, code }: Placed, first: number, last: number = Infinity): number {
  const range = last === Infinity ? `an integer of at least ${first}` : `an integer between ${first} and ${last}`;
  if (!Number.isSafeInteger(value) || (value as number) < first || (value as number) > last)
    refuse(place, `${shown(value)} is not ${range}`, code);
  return value as number;
}

/** One of some names. */
export function nameOf<Name extends string>({ value, place, code }: Placed, names: readonly Name[]): Name {
  const found = names.find((name) => name === value);
  if (found !== undefined) return found;
  const hint = typeof value === 'string' ? suggestion(value, names) : '';
  return refuse(place, `${shown(value)} is none of ${names.map((name) => `"${name}"`).join(', ')}${hint}`, code);
}

/** Two integers of a closed range. */
export function pairOf(
  { value, place, code }: Placed,
  least: number,
  meaning: string,
  most: number = Infinity,
): readonly [number, number] {
  if (!Array.isArray(value) || value.length !== 2) refuse(place, `${shown(value)} is not a pair ${meaning}`, code);
  const [a, b] = value.map((element: unknown, i) =>
    integerOf({ value: element, place: `${place}[${i}]`, code }, least, most),
  );
  return [a!, b!];
}
