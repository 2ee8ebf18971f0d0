import fc from 'fast-check';
import { expect, test } from 'vitest';
import { lineAndColumn, readJson } from './json-syntax.ts';

const syntaxProblem = (text: string) => readJson(text).mistake;

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

test('reads what was written, whatever it is', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), fc.constantFrom(undefined, 1, '\t'), (json, indent) => {
      const reading = readJson(JSON.stringify(json, null, indent)) as { value: unknown };
      expect(JSON.stringify(reading.value)).toBe(JSON.stringify(json));
    }),
    { numRuns: 1000 },
  );
});

test('reads keys that must be escaped as they are, after one another and in whatever order', () => {
  // The engines of Node 24 and 26 take some of them for others once they have seen these objects.
  const key = fc.constantFrom('\\', '"', 'a\\', 'a"', '\n', '\\n', '\\u0041', 'A', 'b', '\\\\', '\u0000', '\\"');
  const object = fc.dictionary(key, fc.constantFrom<unknown>(1, [1], { x: 1 }), { noNullPrototype: true });
  fc.assert(
    fc.property(fc.array(object, { maxLength: 4 }), (objects) => {
      expect(readJson(JSON.stringify(objects))).toEqual({ value: objects });
    }),
    { numRuns: 2000 },
  );
});

test('a key __proto__ is a member like any other', () => {
  const { value } = readJson('{"__proto__": {"a": 1}, "b": 2}') as { value: object };
  expect(Object.keys(value)).toEqual(['__proto__', 'b']);
  expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  expect(syntaxProblem('{"__proto__": 1, "__proto__": 2}')).toEqual({
    at: 17,
    problem: 'the key "__proto__" is given twice',
  });
});

test.each(['0', '-0', '1e400', '-1.5E-7', '123456789012345678901234567890', 'true', 'null', '"\\ud83d\\ude00\\u0000"'])(
  'reads %s as JSON.parse does',
  (text) => {
    expect(readJson(text)).toEqual({ value: JSON.parse(text) });
  },
);

test('agrees with JSON.parse about damaged texts', () => {
  const damage = fc.tuple(
    fc.json({ maxDepth: 3 }),
    fc.nat(),
    fc.nat(3),
    fc.constantFrom('', ',', '"', '}', '{', ']', '\\', '0', '-', '.', 'e', ' ', '\n', 'tru', ':'),
  );
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
