import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import schema from '../../schedule.schema.json' with { type: 'json' };
import { MAX_BLOCKS, MAX_BONUS, MAX_MODULES, MAX_NAME, MAX_ORDER, MAX_SIDE, MAX_STEPS } from '../limits.ts';
import { byName, METHOD_NAMES } from '../methods/by-name.ts';
import type { Topology } from '../topology.ts';
import { FORECAST_RULES, parseSchedule, SCORE_NAMES } from './schedule-json.ts';
import { formatSchedule } from './schedule-text.ts';

const validate = new Ajv2020({ allErrors: true, strict: true }).compile(schema);

/** What is refused by the reader; nothing where it takes the schedule. */
function problemOf(json: unknown): string | undefined {
  try {
    parseSchedule(json);
    return undefined;
  } catch (cause) {
    return (cause as Error).message;
  }
}

/** What no JSON schema can say: it takes knowing two places of the schedule at once, or counting through all of it. */
const BEYOND = /is not in the legend|runs backwards|has more than \d+ rules|^schedule\.notes/;

function expectAgreement(json: unknown): void {
  const problem = problemOf(json);
  const isValid = validate(json);
  if (problem === undefined) expect([json, validate.errors]).toEqual([json, null]);
  else if (!BEYOND.test(problem)) expect([json, problem, isValid]).toEqual([json, problem, false]);
}

const rule = (change: object) => ({ version: 1, pattern: '#+', legend: { '+': [change] } });
const selector = (change: object) => ({ version: 1, pattern: '#', selector: { score: 'attention', ...change } });
const topology: Topology = { blocks: Array.from({ length: 28 }, () => ['attn', 'mlp']), grid: [16, 16] };

describe('the JSON schema', () => {
  test('is in the package, under a name of its own', () => {
    expect(packageJson.exports['./schedule.schema.json']).toBe('./schedule.schema.json');
    expect(packageJson.files).toContain('schedule.schema.json');
    expect(schema.$schema).toBe('https://json-schema.org/draft/2020-12/schema');
  });

  test('says which letters there are as the reader does, whichever regular expressions a validator has', () => {
    const { pattern, maxLength } = schema.properties.legend.propertyNames;
    // Python, Go and Rust have no \\u{...}, some have no \\u: signs stand for themselves here, and "[" and "]" are
    // escaped alone.
    expect(pattern.replaceAll(/\\[[\]]/g, '')).not.toContain('\\');
    for (const expression of [new RegExp(pattern), new RegExp(pattern, 'u'), new RegExp(pattern, 'v')]) {
      for (let unit = 0; unit <= 0xffff; unit++) {
        const letter = String.fromCharCode(unit);
        const isTaken =
          problemOf({
            version: 1,
            pattern: '##',
            legend: { [letter]: [{ do: letter === '.' ? 'reuse' : 'compute' }] },
          }) === undefined;
        if (expression.test(letter) !== isTaken)
          expect.fail(`${expression.flags}: U+${unit.toString(16)} is taken by one of the two`);
      }
      for (const letters of ['', 'ab', '\u{1f600}', 'a\n']) expect(expression.test(letters)).toBe(false);
    }
    expect(maxLength).toBe(1); // what ends with $ may end before a line's end in Python
  });

  test('takes every schedule that a method writes', () => {
    for (const name of METHOD_NAMES) {
      const schedule: unknown = JSON.parse(
        formatSchedule(byName(name.replace('<interval>', '3').replace('<order>', '2'), topology, 50)),
      );
      expect([name, validate(schedule), validate.errors]).toEqual([name, true, null]);
    }
  });

  test.each<[string, unknown]>([
    ['the shortest', { version: 1, pattern: '#' }],
    ['its own address', { $schema: './schedule.schema.json', version: 1, pattern: '#' }],
    [
      'reserved letters, written down',
      {
        version: 1,
        pattern: '#.',
        legend: { '#': [{ do: 'compute' }], '.': [{ do: 'reuse', order: 0, forecast: 'taylor' }] },
      },
    ],
    [
      'every field of a reuse',
      rule({
        do: 'reuse',
        order: MAX_ORDER,
        forecast: 'lagrange',
        span: [0, MAX_BLOCKS - 1],
        absolute: true,
        blocks: [0, 1],
        modules: ['mlp'],
      }),
    ],
    [
      'a refresh',
      rule({ do: 'refresh', ratio: 0.3, blocks: [21, 27], modules: new Array(MAX_MODULES).fill('m'.repeat(MAX_NAME)) }),
    ],
    ['every field of a selector', selector({ age: MAX_BONUS, cells: [MAX_SIDE, 1], bonus: 0, paired: true })],
    [
      'letters of other writing',
      {
        version: 1,
        pattern: '#漢é~/',
        legend: { 漢: [{ do: 'compute' }], é: [{ do: 'reuse' }], '~': [{ do: 'reuse' }], '/': [{ do: 'reuse' }] },
      },
    ],
    ['as many steps as there may be', { version: 1, pattern: '#'.repeat(MAX_STEPS), notes: { a: [null] } }],
  ])('takes %s', (_, json) => {
    expect(problemOf(json)).toBeUndefined();
    expect(validate(json)).toBe(true);
  });

  test.each<[string, unknown]>([
    ['no object', []],
    ['no version', { pattern: '#' }],
    ['another version', { version: 2, pattern: '#' }],
    ['no pattern', { version: 1 }],
    ['an empty pattern', { version: 1, pattern: '' }],
    ['a step too many', { version: 1, pattern: '#'.repeat(MAX_STEPS + 1) }],
    ['an unknown field', { version: 1, pattern: '#', patern: '#' }],
    ['two letters for one', { version: 1, pattern: '#', legend: { ab: [{ do: 'reuse' }] } }],
    ['a letter that JSON escapes', { version: 1, pattern: '#', legend: { '"': [{ do: 'reuse' }] } }],
    ['a letter that no terminal prints', { version: 1, pattern: '#', legend: { '\u202e': [{ do: 'reuse' }] } }],
    ['a letter of two UTF-16 units', { version: 1, pattern: '#', legend: { '😀': [{ do: 'reuse' }] } }],
    ['another meaning of #', { version: 1, pattern: '#', legend: { '#': [{ do: 'reuse' }] } }],
    ['another meaning of .', { version: 1, pattern: '#', legend: { '.': [{ do: 'reuse', order: 1 }] } }],
    ['no rules', { version: 1, pattern: '#', legend: { '+': [] } }],
    ['an unknown action', rule({ do: 'skip' })],
    ['a refresh without a ratio', rule({ do: 'refresh' })],
    ['a ratio above 1', rule({ do: 'refresh', ratio: 1.5 })],
    ['a ratio of a reuse', rule({ do: 'reuse', ratio: 0.5 })],
    ['an order too high', rule({ do: 'reuse', order: MAX_ORDER + 1 })],
    ['an order that is no integer', rule({ do: 'reuse', order: 0.5 })],
    ['a block too far', rule({ do: 'compute', blocks: [0, MAX_BLOCKS] })],
    ['half a range', rule({ do: 'compute', blocks: [0] })],
    ['absolute without a span', rule({ do: 'reuse', absolute: true })],
    ['a module without a name', rule({ do: 'reuse', modules: [''] })],
    ['a selector without a score', { version: 1, pattern: '#', selector: { age: 1 } }],
    ['an age too high', selector({ age: MAX_BONUS + 1 })],
    ['cells of nothing', selector({ cells: [0, 1] })],
    ['notes that are a text', { version: 1, pattern: '#', notes: 'mine' }],
  ])('refuses %s', (_, json) => {
    expect(problemOf(json)).not.toBeUndefined();
    expect(validate(json)).toBe(false);
  });

  test('agrees with the reader about schedules of which any part is something else', () => {
    const value = fc.oneof(
      fc.constantFrom<unknown>(
        null,
        true,
        false,
        0,
        1,
        -1,
        0.5,
        11,
        1023,
        1024,
        4096,
        4097,
        1e6,
        1e300,
        '',
        '#',
        '+',
        'compute',
        'reuse',
        'refresh',
        'taylor',
        'mlp',
        [],
        {},
        [0, 27],
        [3, 1],
        ['mlp'],
        [''],
        [{ do: 'compute' }],
      ),
      fc.constantFrom(...SCORE_NAMES, ...FORECAST_RULES, 'x'.repeat(MAX_NAME + 1), 'x'.repeat(3000)),
      fc.jsonValue({ maxDepth: 2 }),
    );
    const key = fc.constantFrom(
      '$schema',
      'version',
      'pattern',
      'legend',
      'selector',
      'notes',
      'do',
      'order',
      'forecast',
      'span',
      'absolute',
      'ratio',
      'blocks',
      'modules',
      'score',
      'age',
      'cells',
      'bonus',
      'paired',
      '+',
      '#',
      '.',
      '"',
      '\\',
      '\n',
      '漢',
      'ab',
      '__proto__',
      'extra',
    );
    const base = {
      $schema: 'x',
      version: 1,
      pattern: '#+.~',
      legend: {
        '+': [{ do: 'reuse' }, { do: 'refresh', ratio: 0.3, blocks: [21, 27], modules: ['mlp'] }],
        '~': [
          { do: 'compute', blocks: [0, 1] },
          { do: 'reuse', order: 2, forecast: 'lagrange', span: [0, 27], absolute: true },
        ],
        '.': [{ do: 'reuse' }],
      },
      selector: { score: 'attention', age: 0.1, cells: [2, 2], bonus: 0.5, paired: false },
      notes: { a: 1 },
    };
    type Change = {
      readonly path: readonly number[];
      readonly key: string;
      readonly value: unknown;
      readonly kind: 'set' | 'remove';
    };
    const changed = (json: unknown, { path, ...change }: Change): unknown => {
      if (typeof json !== 'object' || json === null) return change.value;
      const [at, ...rest] = path;
      const keys = Object.keys(json);
      const own = at === undefined ? undefined : keys[at % (keys.length + 1)];
      const entries = Object.entries(json);
      if (own === undefined)
        return Array.isArray(json)
          ? [...(json as unknown[]), change.value]
          : Object.fromEntries([...entries, [change.key, change.value]]);
      if (rest.length === 0 && change.kind === 'remove')
        return Array.isArray(json)
          ? json.filter((_, i) => String(i) !== own)
          : Object.fromEntries(entries.filter(([name]) => name !== own));
      const part = changed((json as Record<string, unknown>)[own], { path: rest, ...change });
      return Array.isArray(json)
        ? json.map((element: unknown, i) => (String(i) === own ? part : element))
        : Object.fromEntries(entries.map(([name, member]) => [name, name === own ? part : member]));
    };
    const changes = fc.array(
      fc.record({
        path: fc.array(fc.nat(12), { maxLength: 5 }),
        key,
        value,
        kind: fc.constantFrom('set' as const, 'set' as const, 'remove' as const),
      }),
      { maxLength: 3 },
    );
    expectAgreement(base);
    fc.assert(
      fc.property(changes, (all) =>
        expectAgreement(all.reduce<unknown>((json, change) => changed(json, change), base)),
      ),
      { numRuns: 5000 },
    );
  });
});
