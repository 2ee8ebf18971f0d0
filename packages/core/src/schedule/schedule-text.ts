import { ProCacheError } from '../errors.ts';
import { refuse } from '../untrusted/json-reader.ts';
import { parseJson } from '../untrusted/parse-json.ts';
import { shown, shownName } from '../untrusted/printable.ts';
import { parseSchedule } from './schedule-json.ts';
import type { Rule, Schedule } from './schedule.ts';

/**
 * The schedule that a JSON text writes down; `name` is that of the file, for errors.
 *
 * Throws `invalid-schedule`: a mistake in the JSON with its line and column
 * (`my.json, line 3, column 12: ...`), one in the schedule with its place (`my.json: schedule.legend...`).
 */
export function parseScheduleText(text: string, name = 'schedule'): Schedule {
  for (const [place, value] of Object.entries({ text, name }))
    if (typeof value !== 'string') refuse(place, `${shown(value)} is not a text`);
  const json = parseJson(text, { name, code: 'invalid-schedule' });
  try {
    return parseSchedule(json);
  } catch (cause) {
    if (cause instanceof ProCacheError && name !== 'schedule')
      throw new ProCacheError(cause.code, `${shownName(name)}: ${cause.message}`, { cause });
    throw cause;
  }
}

/**
 * A schedule as JSON for people: one rule per line, keys and letters always in the same order.
 *
 * Letters stand in the order of their first use, then those that the pattern does not use. Ends
 * with a line break. `parseScheduleText` gives the same schedule back.
 *
 * @throws {ProCacheError} `invalid-schedule` for what `parseSchedule` refuses: it could not be read back.
 */
export function formatSchedule(schedule: Schedule): string {
  const { $schema, version, pattern, legend, selector, notes } = parseSchedule(schedule);
  const letters = [...new Set(Array.from(pattern).concat(Object.keys(legend).sort()))].filter(
    (letter) => letter in legend,
  );
  const members = [
    ...($schema === undefined ? [] : [`"$schema": ${JSON.stringify($schema)}`]),
    `"version": ${version}`,
    `"pattern": ${JSON.stringify(pattern)}`,
    `"legend": ${braces(
      letters.map((letter) => `${JSON.stringify(letter)}: ${formatRules(legend[letter]!)}`),
      '  ',
    )}`,
  ];
  if (selector) members.push(`"selector": ${inline(selector, ['score', 'age', 'cells', 'bonus', 'paired'])}`);
  if (notes) members.push(`"notes": ${JSON.stringify(notes, null, 2).replaceAll('\n', '\n  ')}`);
  return `${braces(members, '')}\n`;
}

function formatRules(rules: readonly Rule[]): string {
  const keys = ['do', 'order', 'forecast', 'span', 'absolute', 'ratio', 'blocks', 'modules'];
  const lines = rules.map((rule) => inline(rule, keys));
  return lines.length === 1 ? `[${lines[0]!}]` : `[\n${lines.map((line) => `      ${line}`).join(',\n')}\n    ]`;
}

/** An object on one line, its keys in the order given. */
function inline(object: object, keys: readonly string[]): string {
  const members = new Map(Object.entries(object) as readonly (readonly [string, unknown])[]);
  const present = keys.filter((key) => members.get(key) !== undefined);
  return `{ ${present.map((key) => `"${key}": ${spaced(members.get(key))}`).join(', ')} }`;
}

function spaced(value: unknown): string {
  return Array.isArray(value)
    ? `[${value.map((element) => JSON.stringify(element)).join(', ')}]`
    : JSON.stringify(value);
}

function braces(members: readonly string[], indent: string): string {
  if (members.length === 0) return '{}';
  return `{\n${members.map((member) => `${indent}  ${member}`).join(',\n')}\n${indent}}`;
}
