import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkJson } from './json-value.ts';
import { parseJson } from './parse-json.ts';

const check = (value: unknown, most = 2000) => checkJson({ value, place: 'notes', code: 'invalid-input' }, most);

test('what passes is what JSON gives back', () => {
  fc.assert(
    fc.property(
      fc.anything({ withBigInt: true, withDate: true, withMap: false, withNullPrototype: true, withSparseArray: true }),
      (value) => {
        try {
          check(value, 1e6);
        } catch {
          return;
        }
        const text = JSON.stringify(value);
        expect(JSON.stringify(parseJson(text, { name: 'it', code: 'invalid-input' }))).toBe(text);
      },
    ),
    { numRuns: 1000 },
  );
});

const circle: Record<string, unknown> = {};
circle['again'] = [circle];
let deep: unknown = 1;
for (let i = 0; i < 100_000; i++) deep = [deep];
const wide = Array.from({ length: 30 }).reduce<unknown>((inner) => [inner, inner], 'x');

test.each<[string, unknown, string]>([
  ['NaN', { a: [1, NaN] }, 'notes["a"][1]: NaN cannot be written as JSON; leave it out, or write it as a text'],
  ['an infinity', -Infinity, 'notes: -Infinity cannot be written'],
  ['a bigint', { seed: 1n }, 'notes["seed"]: a bigint cannot be written'],
  ['a function', [() => 1], 'notes[0]: a function cannot be written'],
  ['undefined in a list', [undefined], 'notes[0]: nothing cannot be written'],
  ['a hole', new Array(3), 'notes: has elements that are missing'],
  ['a date', { at: new Date(0) }, 'notes["at"]: an object of its own kind cannot be written'],
  ['a circle', circle, 'notes: has more than 200 arrays and objects inside one another'],
  ['depth', deep, 'notes: has more than 200 arrays and objects inside one another'],
  [
    'length',
    'x'.repeat(3000),
    'notes: is more than 2000 characters of JSON; keep what is that long in a file of its own',
  ],
  ['what is written again and again', wide, 'notes: is more than 2000 characters of JSON'],
  ['a long list', new Array(1e8), 'notes: is more than 2000 characters of JSON'],
])('refuses %s', (_, value, message) => {
  expect(() => check(value)).toThrow(expect.objectContaining({ name: 'ProCacheError', code: 'invalid-input' }));
  expect(() => check(value)).toThrow(message);
});

test('passes over members that are not there', () => {
  expect(() => check({ a: undefined, b: { c: null } })).not.toThrow();
});
