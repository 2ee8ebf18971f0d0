import {
  MAX_BLOCKS,
  MAX_BONUS,
  MAX_MODULES,
  MAX_NAME,
  MAX_NOTES,
  MAX_ORDER,
  MAX_RULES,
  MAX_SIDE,
  MAX_STEPS,
} from '../limits.ts';
import {
  booleanOf,
  elementsOf,
  integerOf,
  membersOf,
  nameOf,
  numberOf,
  objectOf,
  pairOf,
  type Placed,
  refuse,
  textOf,
} from '../untrusted/json-reader.ts';
import { checkJson } from '../untrusted/json-value.ts';
import { printable, shown } from '../untrusted/printable.ts';
import {
  type Action,
  type ForecastRule,
  RESERVED_LETTERS,
  type Reuse,
  type Rule,
  type Schedule,
  type ScoreName,
  type SelectorSettings,
} from './schedule.ts';

/** Every score that a selector knows. */
export const SCORE_NAMES: readonly ScoreName[] = [
  'attention',
  'cross-attention-entropy',
  'value-norm',
  'token-norm',
  'similarity',
  'random',
];

/** Every rule of forecasting. */
export const FORECAST_RULES: readonly ForecastRule[] = ['taylor', 'lagrange'];

/** The longest address of a JSON schema. */
const MAX_ADDRESS = 2048;

const ACTIONS = ['compute', 'reuse', 'refresh'] as const satisfies readonly Action['do'][];
const FILTER_KEYS = ['blocks', 'modules'];
const RULE_KEYS: Readonly<Record<Action['do'], readonly string[]>> = {
  compute: ['do', ...FILTER_KEYS],
  reuse: ['do', 'order', 'forecast', 'span', 'absolute', ...FILTER_KEYS],
  refresh: ['do', 'ratio', ...FILTER_KEYS],
};

/**
 * The schedule that a JSON value writes down: the one door for JSON that nobody has checked.
 *
 * Checks all that can be known without a model (`checkSchedule` does the rest). Throws
 * `invalid-schedule` with the place, what stands there and the way out:
 * `schedule.legend["+"][1].ratio: 1.5 is not between 0 and 1`.
 */
export function parseSchedule(json: unknown): Schedule {
  const members = membersOf({ value: json, place: 'schedule' }, [
    '$schema',
    'version',
    'pattern',
    'legend',
    'selector',
    'notes',
  ]);
  if (members['version'] !== 1)
    refuse('schedule.version', `${shown(members['version'])} is not a version that is read here; write "version": 1`);
  const { legend = {} } = given(members, 'legend', 'schedule', legendOf);
  return {
    ...given(members, '$schema', 'schedule', (schema) => textOf(schema, MAX_ADDRESS)),
    version: 1,
    pattern: patternOf({ value: members['pattern'], place: 'schedule.pattern' }, legend),
    legend,
    ...given(members, 'selector', 'schedule', selectorOf),
    ...given(members, 'notes', 'schedule', notesOf),
  };
}

/** A member with its place read, or no member at all where there is none. */
function given<Key extends string, Value>(
  members: Readonly<Record<string, unknown>>,
  key: Key,
  place: string,
  read: (placed: Placed) => Value,
): { readonly [K in Key]?: Value } {
  const none: { readonly [K in Key]?: Value } = {};
  return members[key] !== undefined
    ? { ...none, [key]: read({ value: members[key], place: `${place}.${key}` }) }
    : none;
}

function patternOf(placed: Placed, legend: Schedule['legend']): string {
  const pattern = textOf(placed);
  if (pattern.length > MAX_STEPS)
    refuse(placed.place, `has ${pattern.length} letters; the most that are read are ${MAX_STEPS}`);
  const known = new Set([...Object.keys(RESERVED_LETTERS), ...Object.keys(legend)]);
  for (let step = 0; step < pattern.length; step++) {
    if (known.has(pattern[step]!)) continue;
    const letter = shown(String.fromCodePoint(pattern.codePointAt(step)!));
    refuse(
      `${placed.place}[${step}]`,
      `the letter ${letter} is not in the legend (${listed([...known])}); ` +
        `add schedule.legend[${letter}], or use another letter`,
    );
  }
  return pattern;
}

/** As many letters as a message has room for. */
function listed(letters: readonly string[]): string {
  const some = letters.slice(0, 20).map(shown).join(', ');
  return letters.length > 20 ? `${some} and ${letters.length - 20} more` : some;
}

function legendOf(placed: Placed): Schedule['legend'] {
  let rules = 0;
  const letters = Object.entries(objectOf(placed)).map(([letter, value]): [string, readonly Rule[]] => {
    const place = `${placed.place}[${shown(letter)}]`;
    checkLetter(letter, place);
    const elements = elementsOf({ value, place });
    rules += elements.length;
    if (rules > MAX_RULES)
      refuse(placed.place, `has more than ${MAX_RULES} rules; let more branches share a rule, or more steps a letter`);
    const read = elements.map(ruleOf);
    checkReserved(letter, read, place);
    return [letter, read];
  });
  return Object.fromEntries(letters);
}

function checkLetter(letter: string, place: string): void {
  // One UTF-16 unit: a pattern is read unit by unit, so that its length is the number of steps.
  if (letter.length !== 1 || /[\ud800-\udfff]/.test(letter))
    refuse(place, 'a letter is a single character (and none outside the Unicode basic plane)');
  // Keys that must be escaped are what readers of JSON take for one another (V8 from 13 on does).
  if (letter !== printable(letter) || JSON.stringify(letter) !== `"${letter}"`) {
    refuse(place, 'a letter is a character that can be printed, and that JSON need not escape; use another one');
  }
}

/** `#` and `.` read the same in every schedule: they may be written down, but not as something else. */
function checkReserved(letter: string, rules: readonly Rule[], place: string): void {
  const [reserved] = RESERVED_LETTERS[letter] ?? [];
  if (!reserved) return;
  const [rule, ...more] = rules;
  const plain =
    rule?.do === reserved.do && !rule.blocks && !rule.modules && !(rule.do === 'reuse' && (rule.order || rule.span));
  if (!plain || more.length > 0)
    refuse(place, `this letter means [${JSON.stringify(reserved)}] in every schedule; use another letter`);
}

function ruleOf(placed: Placed): Rule {
  const { place } = placed;
  const action = nameOf({ value: objectOf(placed)['do'], place: `${place}.do` }, ACTIONS);
  const members = membersOf(placed, RULE_KEYS[action]);
  const filters = { ...given(members, 'blocks', place, rangeOf), ...given(members, 'modules', place, modulesOf) };
  switch (action) {
    case 'compute':
      return { do: 'compute', ...filters };
    case 'refresh':
      return { do: 'refresh', ratio: numberOf({ value: members['ratio'], place: `${place}.ratio` }, 0, 1), ...filters };
    case 'reuse':
      return { ...reuseOf(members, place), ...filters };
  }
}

function reuseOf(members: Readonly<Record<string, unknown>>, place: string): Reuse {
  if (members['absolute'] !== undefined && members['span'] === undefined) {
    refuse(`${place}.absolute`, 'says nothing without a span; add "span": [first, last], or leave "absolute" out');
  }
  return {
    do: 'reuse',
    ...given(members, 'order', place, (order) => integerOf(order, 0, MAX_ORDER)),
    ...given(members, 'forecast', place, (rule) => nameOf(rule, FORECAST_RULES)),
    ...given(members, 'span', place, rangeOf),
    ...given(members, 'absolute', place, booleanOf),
  };
}

/** A range of blocks, both ends included. */
function rangeOf(placed: Placed): readonly [first: number, last: number] {
  const [first, last] = pairOf(placed, 0, '[first, last] of blocks', MAX_BLOCKS - 1);
  if (first > last) refuse(placed.place, `[${first}, ${last}] runs backwards; write [${last}, ${first}]`);
  return [first, last];
}

function modulesOf(placed: Placed): readonly string[] {
  const names = elementsOf(placed);
  if (names.length > MAX_MODULES)
    refuse(placed.place, `has ${names.length} names; the most that are read are ${MAX_MODULES}`);
  return names.map((name) => textOf(name, MAX_NAME));
}

function notesOf(placed: Placed): Readonly<Record<string, unknown>> {
  const notes = objectOf(placed);
  checkJson(placed, MAX_NOTES);
  return notes;
}

export function selectorOf(placed: Placed): SelectorSettings {
  const { place } = placed;
  const members = membersOf(placed, ['score', 'age', 'cells', 'bonus', 'paired']);
  const weight = (number: Placed) => numberOf(number, 0, MAX_BONUS);
  return {
    score: nameOf({ value: members['score'], place: `${place}.score` }, SCORE_NAMES),
    ...given(members, 'age', place, weight),
    ...given(members, 'cells', place, (cells) => pairOf(cells, 1, '[rows, columns] of tokens', MAX_SIDE)),
    ...given(members, 'bonus', place, weight),
    ...given(members, 'paired', place, booleanOf),
  };
}
