import { type ErrorCode, ProCacheError } from '@procache/core';
import { memberPlace } from '../place.ts';

/** A JSON value. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** How deep lists and objects may stand inside one another: less than what readers of JSON take. */
const MAX_DEPTH = 100;

/**
 * A value as JSON will give it back: members that are undefined are left out, and -0 is 0.
 *
 * What JSON cannot say is refused, since `JSON.stringify` writes NaN and infinities as `null` and drops the rest, and
 * whoever reads that goes on with other values than whoever wrote it.
 *
 * @throws {ProCacheError} of `code`, with the place: `header.guidance: NaN cannot be written as JSON`.
 */
export function asJson(value: unknown, place: string, code: ErrorCode = 'invalid-input'): Json {
  const refuse = (at: string, what: string): never => {
    throw new ProCacheError(code, `${at}: ${what} cannot be written as JSON`);
  };
  const convert = (part: unknown, at: string, depth: number): Json => {
    if (depth > MAX_DEPTH) return refuse(at, `what stands more than ${MAX_DEPTH} lists and objects deep`);
    if (part === null || typeof part === 'string' || typeof part === 'boolean') return part;
    if (typeof part === 'number') return Number.isFinite(part) ? part + 0 : refuse(at, String(part));
    if (Array.isArray(part))
      return Array.from(part, (element: unknown, i) => convert(element, `${at}[${i}]`, depth + 1));
    if (!isPlain(part)) return refuse(at, part === undefined ? 'nothing' : kindOf(part));
    const members = Object.entries(part).filter(([, member]) => member !== undefined);
    return Object.fromEntries(members.map(([key, member]) => [key, convert(member, memberPlace(at, key), depth + 1)]));
  };
  return convert(value, place, 0);
}

/** A JSON value as a text that is the same whatever the order of members. */
export function canonical(value: Json): string {
  if (Array.isArray(value)) return `[${(value as readonly Json[]).map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value as Readonly<Record<string, Json>>).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${canonical(member)}`).join(',')}}`;
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

function kindOf(value: unknown): string {
  return `a ${typeof value === 'object' ? (value as object).constructor.name : typeof value}`;
}
