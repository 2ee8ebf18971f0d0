import { expect, test } from 'vitest';
import { parseJson } from './parse-json.ts';

const options = { name: 'my.json', code: 'invalid-input' } as const;

test('says where a mistake stands, and what to do', () => {
  expect(() => parseJson('{\n  "a": nan }', { ...options, advice: 'mend it' })).toThrow(
    'my.json, line 2, column 8: this is not JSON: "n" where a value should be; mend it',
  );
  expect(() => parseJson('[1,', { name: '\u001b[2J', code: 'invalid-model' })).toThrow('\\u{1b}[2J, line 1, column 4');
});

test.each(['[', '{"a":'])('refuses %s nested thousands deep', (open) => {
  expect(() => parseJson(open.repeat(100_000), options)).toThrow('more than 200 arrays and objects inside one another');
});

test('refuses a key that stands twice', () => {
  expect(() => parseJson('{"a": {"b": 1, "\\u0062": 2}}', options)).toThrow('the key "b" is given twice');
});

test("reads Python's numbers where they are allowed, and only there", () => {
  const text = '{"min": -Infinity, "max": Infinity, "none": NaN, "text": "NaN, -Infinity"}';
  expect(parseJson(text, { ...options, pythonNumbers: true })).toEqual({
    min: -Infinity,
    max: Infinity,
    none: NaN,
    text: 'NaN, -Infinity',
  });
  expect(() => parseJson(text, options)).toThrow('line 1, column 9: this is not JSON');
});

test('reads strings of megabytes', () => {
  const long = 'x\\'.repeat(2_000_000);
  expect(parseJson(JSON.stringify([long]), options)).toEqual([long]);
});

test('passes over a byte order mark', () => {
  expect(parseJson('\ufeff[1]', options)).toEqual([1]);
});
