import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SCORE_NAMES } from './schedule-json.ts';
import { formatSchedule, parseScheduleText } from './schedule-text.ts';
import type { Rule, Schedule } from './schedule.ts';

test('writes one rule per line', () => {
  const schedule: Schedule = {
    version: 1,
    pattern: '#.+.~',
    legend: {
      z: [{ do: 'compute' }],
      '~': [{ order: 2, do: 'reuse' }],
      '+': [{ do: 'reuse' }, { modules: ['mlp'], blocks: [21, 27], ratio: 0.3, do: 'refresh' }],
    },
    selector: { cells: [2, 2], score: 'attention' },
    notes: { method: 'ours', seeds: [1, 2] },
  };
  expect(formatSchedule(schedule)).toBe(`{
  "version": 1,
  "pattern": "#.+.~",
  "legend": {
    "+": [
      { "do": "reuse" },
      { "do": "refresh", "ratio": 0.3, "blocks": [21, 27], "modules": ["mlp"] }
    ],
    "~": [{ "do": "reuse", "order": 2 }],
    "z": [{ "do": "compute" }]
  },
  "selector": { "score": "attention", "cells": [2, 2] },
  "notes": {
    "method": "ours",
    "seeds": [
      1,
      2
    ]
  }
}
`);
  expect(formatSchedule({ version: 1, pattern: '#', legend: {} })).toBe(
    '{\n  "version": 1,\n  "pattern": "#",\n  "legend": {}\n}\n',
  );
});

const range = fc.tuple(fc.nat(9), fc.nat(9)).map(([a, b]): [number, number] => [Math.min(a, b), Math.max(a, b)]);
const filters = fc.record(
  { blocks: range, modules: fc.array(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 3 }) },
  { requiredKeys: [] },
);
const share = fc.double({ min: 0, max: 1, noNaN: true }).map((x) => x + 0);
const reuse = fc.record(
  { order: fc.nat(10), forecast: fc.constantFrom('taylor' as const, 'lagrange' as const), span: range },
  { requiredKeys: [] },
);
const rule: fc.Arbitrary<Rule> = fc.oneof(
  filters.map((f): Rule => ({ do: 'compute', ...f })),
  fc.tuple(share, filters).map(([ratio, f]): Rule => ({ do: 'refresh', ratio, ...f })),
  fc.tuple(reuse, filters).map(([r, f]): Rule => ({ do: 'reuse', ...r, ...f })),
);
const legend = fc.dictionary(
  fc.constantFrom('a', 'Z', '0', '9', '+', '~', "'", '/', 'é', '漢'),
  fc.array(rule, { minLength: 1, maxLength: 4 }),
  { minKeys: 1, noNullPrototype: true },
);
const selector = fc.record(
  {
    score: fc.constantFrom(...SCORE_NAMES),
    age: share,
    cells: fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 })),
    paired: fc.boolean(),
  },
  { requiredKeys: ['score'] },
);
const schedules: fc.Arbitrary<Schedule> = legend.chain((letters) =>
  fc.record(
    {
      $schema: fc.constantFrom('schedule.schema.json', 'https://example.com/"\\'),
      version: fc.constant(1 as const),
      pattern: fc.string({ unit: fc.constantFrom('#', '.', ...Object.keys(letters)), minLength: 1, maxLength: 20 }),
      legend: fc.constant(letters),
      selector,
      notes: fc.constantFrom({ a: [1, { b: null }], 'c\nd': 'e\nf' }, { '\\': 1, '"': [], '\n': {} }),
    },
    { requiredKeys: ['version', 'pattern', 'legend'] },
  ),
);

test('is read back as it was, and written again as it was', () => {
  fc.assert(
    fc.property(schedules, (schedule) => {
      const text = formatSchedule(schedule);
      expect(parseScheduleText(text)).toEqual(schedule);
      expect(formatSchedule(parseScheduleText(text))).toBe(text);
    }),
    { numRuns: 300 },
  );
});

test('keeps the address of a JSON schema, and writes it first', () => {
  const text = formatSchedule({ version: 1, pattern: '#', legend: {}, $schema: './schedule.schema.json' });
  expect(text).toBe(
    '{\n  "$schema": "./schedule.schema.json",\n  "version": 1,\n  "pattern": "#",\n  "legend": {}\n}\n',
  );
  expect(parseScheduleText(text).$schema).toBe('./schedule.schema.json');
});

test('writes nothing that could not be read back', () => {
  expect(() => formatSchedule({ version: 1, pattern: '#', legend: {}, notes: { error: Infinity } })).toThrow(
    'schedule.notes["error"]: Infinity cannot be written as JSON',
  );
  expect(() => formatSchedule({ version: 1, pattern: '#x', legend: {} })).toThrow(
    'schedule.pattern[1]: the letter "x" is not in the legend',
  );
  expect(formatSchedule({ version: 1, pattern: '#.' } as Schedule)).toContain('"legend": {}');
});

test('names the file, the line and the column of a mistake', () => {
  const text = '{ "version": 1,\n  "pattern": "#..",\n  "legend": {,}\n}';
  expect(() => parseScheduleText(text, 'my.json')).toThrow(
    expect.objectContaining({
      code: 'invalid-schedule',
      message: 'my.json, line 3, column 14: this is not JSON: "," where a key in double quotes should be',
    }),
  );
  expect(() => parseScheduleText('{ "version": 1, "pattern": "#x" }', 'my.json')).toThrow(
    'my.json: schedule.pattern[1]: the letter "x" is not in the legend',
  );
  expect(() => parseScheduleText('{ "version": 1 }')).toThrow(/^schedule\.pattern: /);
});

test('reads past a byte order mark', () => {
  expect(parseScheduleText('\ufeff{ "version": 1, "pattern": "#" }').pattern).toBe('#');
});
