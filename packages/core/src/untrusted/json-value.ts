import { type Placed, refuse } from './json-reader.ts';
import { shown } from './printable.ts';

/** How deep arrays and objects may stand inside one another, in a text as in a value. */
export const MAX_DEPTH = 200;

/**
 * Refuses a value that a JSON text could not give back: what JSON cannot say (NaN, infinities, functions, bigints,
 * holes), nesting deeper than 200, circles among it, and more than `most` UTF-16 units of text.
 *
 * A member that is undefined is passed over, as `JSON.stringify` does. Takes time that grows with `most` at worst.
 */
export function checkJson({ value, place, code }: Placed, most: number): void {
  let left = most;
  const spend = (units: number): void => {
    left -= units;
    if (left < 0)
      refuse(place, `is more than ${most} characters of JSON; keep what is that long in a file of its own`, code);
  };
  const walk = (part: unknown, where: string, depth: number): void => {
    if (depth > MAX_DEPTH) refuse(place, `has more than ${MAX_DEPTH} arrays and objects inside one another`, code);
    const units = typeof part === 'string' ? part.length + 2 : isWord(part) ? String(part).length : 2;
    spend(units);
    if (typeof part === 'string' || isWord(part)) return;
    if (!isPlain(part))
      refuse(where, `${kindOf(part)} cannot be written as JSON; leave it out, or write it as a text`, code);
    // deeper the path says no more than that it is deep
    const at = (key: string) => (depth < 4 ? `${where}[${key}]` : where);
    if (Array.isArray(part)) {
      spend(part.length);
      part.forEach((element, i) => walk(element, at(String(i)), depth + 1));
      if (Object.keys(part).length < part.length)
        refuse(where, 'has elements that are missing, which JSON cannot say', code);
      return;
    }
    for (const [key, member] of Object.entries(part)) {
      if (member === undefined) continue;
      spend(key.length + 4);
      walk(member, at(shown(key)), depth + 1);
    }
  };
  walk(value, place, 0);
}

/** A number, `true`, `false` or `null`. */
function isWord(value: unknown): boolean {
  return typeof value === 'boolean' || value === null || Number.isFinite(value);
}

/** An array, or an object that `JSON.stringify` walks through. */
function isPlain(value: unknown): value is object {
  return typeof value === 'object' && value !== null && typeof (value as { toJSON?: unknown }).toJSON !== 'function';
}

function kindOf(value: unknown): string {
  return typeof value === 'number' || typeof value === 'undefined'
    ? shown(value)
    : typeof value === 'object'
      ? 'an object of its own kind'
      : `a ${typeof value}`;
}
