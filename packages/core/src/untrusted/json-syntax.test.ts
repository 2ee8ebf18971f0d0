import fc from 'fast-check';
import { expect, test } from 'vitest';
import { lineAndColumn, syntaxProblem } from './json-syntax.ts';

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

test('accepts whatever JSON.parse accepts', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 4 }), (text) => {
      expect(syntaxProblem(text)).toBeUndefined();
    }),
    { numRuns: 500 },
  );
});

test('agrees with JSON.parse about damaged texts', () => {
  const damage = fc.tuple(fc.json({ maxDepth: 3 }), fc.nat(), fc.nat(3), fc.constantFrom('', ',', '"', '}', '{', ']', '\\', '0', '-', '.', 'e', ' ', '\n', 'tru', ':'));
  fc.assert(
    fc.property(damage, ([text, at, removed, inserted]) => {
      const place = at % (text.length + 1);
      const damaged = text.slice(0, place) + inserted + text.slice(place + removed);
      const problem = syntaxProblem(damaged);
      if (problem?.problem.endsWith('is given twice')) return;
      expect(problem === undefined).toBe(parses(damaged));
    }),
    { numRuns: 3000 },
  );
});

test.each([
  ['', 0, 'the end of the text where a value should be'],
  ['{"a": 1,}', 8, '"}" where a key in double quotes should be'],
  ['[1, 2', 5, 'the end of the text where "," or "]" should be'],
  ['[1] 2', 4, '"2" after the end of the value'],
  ['{"a" 1}', 5, '"1" where ":" should be'],
  ['["a\nb"]', 3, 'a control character in a string'],
  ['["\\x"]', 2, 'an unknown escape in a string'],
  ['"abc', 4, 'a string without an end'],
  ['{"+": [], "+": []}', 10, 'the key "+" is given twice'],
  ["{'a': 1}", 1, '"\'" where a key in double quotes should be'],
  ['[01]', 2, '"1" where "," or "]" should be'],
])('%j: at %i, %s', (text, at, problem) => {
  expect(syntaxProblem(text)).toEqual({ at, problem });
});

test('does not overflow the stack', () => {
  expect(syntaxProblem('['.repeat(1e6))?.problem).toContain('more than 200');
});

test('counts lines and columns from 1', () => {
  expect(lineAndColumn('ab\ncd\r\nef', 0)).toEqual([1, 1]);
  expect(lineAndColumn('ab\ncd\r\nef', 4)).toEqual([2, 2]);
  expect(lineAndColumn('ab\ncd\r\nef', 8)).toEqual([3, 2]);
});
