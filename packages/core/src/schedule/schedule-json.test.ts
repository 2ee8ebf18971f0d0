import { expect, test } from 'vitest';
import { ProCacheError } from '../errors.ts';
import { parseSchedule } from './schedule-json.ts';

const valid = {
  version: 1,
  pattern: '#.+.#=~.',
  legend: {
    '#': [{ do: 'compute' }],
    '.': [{ do: 'reuse', order: 0 }],
    '+': [{ do: 'reuse' }, { do: 'refresh', ratio: 0.3, blocks: [21, 27], modules: ['mlp'] }],
    '=': [{ do: 'reuse', span: [0, 27], absolute: true }],
    '~': [{ do: 'reuse', order: 2, forecast: 'lagrange' }],
  },
  selector: { score: 'attention', age: 0.0625, cells: [2, 2], bonus: 0.6, paired: false },
  notes: { anything: ['the engine', { ignores: null }] },
};

test('reads a schedule as it stands', () => {
  expect(parseSchedule(valid)).toEqual(valid);
  expect(parseSchedule({ version: 1, pattern: '#..' })).toEqual({ version: 1, pattern: '#..', legend: {} });
});

/** The valid schedule with the rules of `+` replaced. */
const plus = (...rules: unknown[]) => ({ ...valid, legend: { ...valid.legend, '+': rules } });
const selector = (change: object) => ({ ...valid, selector: { ...valid.selector, ...change } });

test.each<[unknown, string]>([
  [null, 'schedule: null is not an object'],
  [[], 'schedule: [] is not an object'],
  ['#..', 'schedule: "#.." is not an object'],
  [{ ...valid, version: 2 }, 'schedule.version: 2 is not a version that is read here; write "version": 1'],
  [{ pattern: '#' }, 'schedule.version: nothing is not a version that is read here'],
  [
    { ...valid, patern: '#' },
    'schedule: unknown key "patern"; did you mean "pattern"? (known here: $schema, version, pattern, legend, ' +
      'selector, notes)',
  ],
  [{ version: 1, legend: {} }, 'schedule.pattern: nothing is not a non-empty string'],
  [{ version: 1, pattern: '' }, 'schedule.pattern: "" is not a non-empty string'],
  [
    { version: 1, pattern: '#.a' },
    'schedule.pattern[2]: the letter "a" is not in the legend ("#", "."); ' +
      'add schedule.legend["a"], or use another letter',
  ],
  [{ version: 1, pattern: '#😀' }, 'schedule.pattern[1]: the letter "😀" is not in the legend'],
  [{ version: 1, pattern: '#'.repeat(4097) }, 'schedule.pattern: has 4097 letters; the most that are read are 4096'],
  [{ version: 1, pattern: '#', legend: null }, 'schedule.legend: null is not an object'],
  [{ version: 1, pattern: '#', legend: { ab: [] } }, 'schedule.legend["ab"]: a letter is a single character'],
  [{ version: 1, pattern: '#', legend: { '😀': [] } }, 'schedule.legend["😀"]: a letter is a single character'],
  [
    { version: 1, pattern: '#', legend: { '#': [{ do: 'reuse' }] } },
    'schedule.legend["#"]: this letter means [{"do":"compute"}] in every schedule',
  ],
  [
    { version: 1, pattern: '#', legend: { '.': [{ do: 'reuse', order: 1 }] } },
    'schedule.legend["."]: this letter means',
  ],
  [JSON.parse('{ "version": 1, "pattern": "#", "__proto__": {} }'), 'schedule: unknown key "__proto__"'],
  [plus(), 'schedule.legend["+"]: is empty; it needs at least one element'],
  [{ ...valid, legend: { '+': {} } }, 'schedule.legend["+"]: {} is not an array'],
  [plus('reuse'), 'schedule.legend["+"][0]: "reuse" is not an object'],
  [
    plus({ do: 'refres' }),
    'schedule.legend["+"][0].do: "refres" is none of "compute", "reuse", "refresh"; did you mean "refresh"?',
  ],
  [plus({ ratio: 1 }), 'schedule.legend["+"][0].do: nothing is none of'],
  [plus({ do: 'reuse' }, { do: 'refresh', ratio: 1.5 }), 'schedule.legend["+"][1].ratio: 1.5 is not between 0 and 1'],
  [plus({ do: 'refresh', ratio: NaN }), 'schedule.legend["+"][0].ratio: NaN is not between 0 and 1'],
  [plus({ do: 'refresh' }), 'schedule.legend["+"][0].ratio: nothing is not between 0 and 1'],
  [plus({ do: 'refresh', ratio: '0.3' }), 'schedule.legend["+"][0].ratio: "0.3" is not between 0 and 1'],
  [
    plus({ do: 'refresh', ration: 0.3 }),
    'schedule.legend["+"][0]: unknown key "ration"; did you mean "ratio"? (known here: do, ratio, blocks, modules)',
  ],
  [
    plus({ do: 'compute', ratio: 0.3 }),
    'schedule.legend["+"][0]: unknown key "ratio" (known here: do, blocks, modules)',
  ],
  [plus({ do: 'reuse', order: -1 }), 'schedule.legend["+"][0].order: -1 is not an integer between 0 and 10'],
  [plus({ do: 'reuse', order: 1.5 }), 'schedule.legend["+"][0].order: 1.5 is not an integer'],
  [plus({ do: 'reuse', order: 11 }), 'schedule.legend["+"][0].order: 11 is not an integer between 0 and 10'],
  [
    plus({ do: 'reuse', forecast: 'tailor' }),
    'schedule.legend["+"][0].forecast: "tailor" is none of "taylor", "lagrange"; did you mean "taylor"?',
  ],
  [plus({ do: 'reuse', span: 3 }), 'schedule.legend["+"][0].span: 3 is not a pair [first, last] of blocks'],
  [plus({ do: 'reuse', span: [3, 1] }), 'schedule.legend["+"][0].span: [3, 1] runs backwards; write [1, 3]'],
  [plus({ do: 'reuse', absolute: true }), 'schedule.legend["+"][0].absolute: says nothing without a span'],
  [plus({ do: 'reuse', span: [0, 1], absolute: 1 }), 'schedule.legend["+"][0].absolute: 1 is neither true nor false'],
  [plus({ do: 'reuse', blocks: [0, 1, 2] }), 'schedule.legend["+"][0].blocks: [0,1,2] is not a pair'],
  [
    plus({ do: 'reuse', blocks: [-1, 2] }),
    'schedule.legend["+"][0].blocks[0]: -1 is not an integer between 0 and 1023',
  ],
  [plus({ do: 'reuse', modules: [] }), 'schedule.legend["+"][0].modules: is empty; it needs at least one element'],
  [plus({ do: 'reuse', modules: 'mlp' }), 'schedule.legend["+"][0].modules: "mlp" is not an array'],
  [plus({ do: 'reuse', modules: [3] }), 'schedule.legend["+"][0].modules[0]: 3 is not a non-empty string'],
  [selector({ score: 'atention' }), 'schedule.selector.score: "atention" is none of'],
  [selector({ age: -1 }), 'schedule.selector.age: -1 is not between 0 and 1000000'],
  [selector({ cells: [2, 0] }), 'schedule.selector.cells[1]: 0 is not an integer between 1 and 4096'],
  [selector({ cells: 2 }), 'schedule.selector.cells: 2 is not a pair [rows, columns] of tokens'],
  [selector({ bonus: Infinity }), 'schedule.selector.bonus: Infinity is not between 0 and 1000000'],
  [selector({ paired: 'yes' }), 'schedule.selector.paired: "yes" is neither true nor false'],
  [selector({ gap: 1 }), 'schedule.selector: unknown key "gap"'],
  [{ ...valid, $schema: 7 }, 'schedule.$schema: 7 is not a non-empty string'],
  [{ ...valid, notes: 'mine' }, 'schedule.notes: "mine" is not an object'],
])('refuses case %#', (json, message) => {
  expect(() => parseSchedule(json)).toThrow(ProCacheError);
  expect(() => parseSchedule(json)).toThrow(expect.objectContaining({ code: 'invalid-schedule' }));
  expect(() => parseSchedule(json)).toThrow(message);
});

const letters = (count: number, rules: number) =>
  Object.fromEntries(
    Array.from({ length: count }, (_, i) => [
      String.fromCharCode(0x4e00 + i),
      Array.from({ length: rules }, () => ({ do: 'reuse' })),
    ]),
  );
let deep: unknown = {};
for (let i = 0; i < 100_000; i++) deep = { deep };

test.each<[string, unknown, string]>([
  [
    'a step too many',
    { version: 1, pattern: '#'.repeat(1e7) },
    'schedule.pattern: has 10000000 letters; the most that are read are 4096',
  ],
  [
    'rules too many',
    { ...valid, legend: letters(33, 1000) },
    'schedule.legend: has more than 32768 rules; let more branches share a rule, or more steps a letter',
  ],
  [
    'modules too many',
    plus({ do: 'reuse', modules: new Array(65).fill('mlp') }),
    'schedule.legend["+"][0].modules: has 65 names; the most that are read are 64',
  ],
  [
    'a name too long',
    plus({ do: 'reuse', modules: ['m'.repeat(1e6)] }),
    '... has 1000000 characters; the most that are read are 256',
  ],
  ['a key too long', plus({ do: 'reuse', ['o'.repeat(1e6)]: 1 }), 'schedule.legend["+"][0]: unknown key "oooo'],
  [
    'a block too far',
    plus({ do: 'reuse', blocks: [0, 1024] }),
    'schedule.legend["+"][0].blocks[1]: 1024 is not an integer between 0 and 1023',
  ],
  [
    'a span too far',
    plus({ do: 'reuse', span: [0, 1e15] }),
    'schedule.legend["+"][0].span[1]: 1000000000000000 is not an integer between 0 and 1023',
  ],
  [
    'cells too large',
    selector({ cells: [1e9, 1] }),
    'schedule.selector.cells[0]: 1000000000 is not an integer between 1 and 4096',
  ],
  ['an age beyond all scores', selector({ age: 1e308 }), 'schedule.selector.age: 1e+308 is not between 0 and 1000000'],
  [
    'an address too long',
    { ...valid, $schema: 'x'.repeat(5000) },
    'has 5000 characters; the most that are read are 2048',
  ],
  [
    'notes of megabytes',
    { ...valid, notes: { log: 'x'.repeat(2e6) } },
    'schedule.notes: is more than 1048576 characters of JSON; keep what is that long in a file of its own',
  ],
  [
    'deep notes',
    { ...valid, notes: { deep } },
    'schedule.notes: has more than 200 arrays and objects inside one another',
  ],
  [
    'notes that JSON cannot say',
    { ...valid, notes: { error: NaN } },
    'schedule.notes["error"]: NaN cannot be written as JSON',
  ],
  ['a deep schedule', deep, 'schedule: unknown key "deep"'],
  [
    'a letter that is not there, beside thousands',
    { ...valid, pattern: '#x', legend: letters(5000, 1) },
    '"俿" and 4982 more); add schedule.legend["x"]'.replace('俿', String.fromCharCode(0x4e00 + 17)),
  ],
])('refuses %s, by name and within a line', (_, json, message) => {
  expect(() => parseSchedule(json)).toThrow(expect.objectContaining({ code: 'invalid-schedule' }));
  expect(() => parseSchedule(json)).toThrow(message);
  expect(() => parseSchedule(json)).toThrow(/^.{1,500}$/s);
});

test.each([
  '"',
  '\\',
  '\n',
  '\t',
  '\u0000',
  '\u001b',
  '\u007f',
  '\u0085',
  '\u2028',
  '\u202e',
  '\ufeff',
  '\ud800',
  '\udfff',
])('refuses the letter %j: it cannot be printed, or JSON must escape it', (letter) => {
  expect(() => parseSchedule({ version: 1, pattern: `#${letter}`, legend: { [letter]: [{ do: 'reuse' }] } })).toThrow(
    /^schedule\.legend\[.*\]: a letter is a/s,
  );
});

test('members that are undefined are members that are not there', () => {
  expect(
    parseSchedule({
      version: 1,
      pattern: '#+',
      legend: { '+': [{ do: 'reuse', order: undefined, span: undefined }] },
      selector: undefined,
    }),
  ).toEqual({
    version: 1,
    pattern: '#+',
    legend: { '+': [{ do: 'reuse' }] },
  });
});
