import { ProCacheError } from '../errors.ts';
import { MAX_STEPS } from '../limits.ts';
import { branchesOf, type Topology } from '../topology.ts';
import { integerOf } from '../untrusted/json-reader.ts';
import { parseSchedule } from './schedule-json.ts';
import type { Action, Policy, Rule, Schedule, SelectorSettings } from './schedule.ts';

/**
 * Any policy, written down as a schedule: steps that treat every branch alike share a letter.
 *
 * `#` and `.` where they fit, else letters in the order of `LETTERS`. Of each letter the first rule is
 * the action that most branches share, then comes one rule for each run of blocks that differs.
 * Fields that say nothing (`order: 0`, `forecast` of order 0, `absolute: false`) are left out. Throws
 * `invalid-schedule` where there are more kinds of step than letters (over 400), and for actions that
 * `parseSchedule` refuses.
 */
export function scheduleOf(policy: Policy, steps: number, topology: Topology, selector?: SelectorSettings): Schedule {
  integerOf({ value: steps, place: 'steps', code: 'invalid-input' }, 1, MAX_STEPS);
  const blocks = branchesOf(topology);
  const legend: Record<string, readonly Rule[]> = {};
  const letters = new Map<string, string>(); // by the actions of a step, block by block
  let pattern = '';
  for (let step = 0; step < steps; step++) {
    const rows = blocks.map(
      (branches) => new Map(branches.map((branch) => [branch.module, keyOf(policy(step, branch))])),
    );
    const key = rows.flatMap((row) => [...row.values()]).join('\n');
    const known = letters.get(key);
    const letter = known ?? letterFor(rulesOf(rows), legend, step);
    if (known === undefined) letters.set(key, letter);
    pattern += letter;
  }
  return parseSchedule({ version: 1, pattern, legend, ...(selector && { selector }) });
}

/**
 * The letter of a kind of step that there has not been yet: a reserved one, or the next, which is entered into the
 * legend.
 */
function letterFor(rules: readonly Rule[], legend: Record<string, readonly Rule[]>, step: number): string {
  const reserved = reservedLetter(rules);
  if (reserved !== undefined) return reserved;
  const letter = LETTERS[Object.keys(legend).length];
  if (letter === undefined) {
    throw new ProCacheError(
      'invalid-schedule',
      `step ${step} is one more kind of step than the ${LETTERS.length} that a schedule can tell apart; ` +
        `let more steps share their actions, for instance by rounding ratios`,
    );
  }
  legend[letter] = rules;
  return letter;
}

/**
 * The letters of tabulated steps: ASCII letters and digits, then Latin with diacritics and small Greek, each one UTF-16
 * unit.
 */
export const LETTERS: string = [
  between('a', 'z'),
  between('A', 'Z'),
  between('0', '9'),
  between('\u00c0', '\u00d6'),
  between('\u00d8', '\u00f6'),
  between('\u00f8', '\u0148'),
  between('\u014a', '\u017e'),
  between('\u03b1', '\u03c9').replace('\u03bf', ''), // omicron looks like an o
  between('\u0180', '\u024f'),
].join('');

function between(first: string, last: string): string {
  const from = first.charCodeAt(0);
  return String.fromCharCode(...Array.from({ length: last.charCodeAt(0) - from + 1 }, (_, i) => from + i));
}

function reservedLetter([rule, ...more]: readonly Rule[]): '#' | '.' | undefined {
  if (more.length > 0 || !rule) return undefined;
  if (rule.do === 'compute') return '#';
  return rule.do === 'reuse' && !rule.order && !rule.span ? '.' : undefined;
}

/** An action without filters and without fields that say nothing, as text: equal for actions that do the same. */
function keyOf(action: Action): string {
  switch (action.do) {
    case 'compute':
      return '{"do":"compute"}';
    case 'refresh':
      return JSON.stringify({ do: action.do, ratio: action.ratio });
    case 'reuse': {
      const { order = 0, forecast = 'taylor', span, absolute = false } = action;
      return JSON.stringify({
        do: action.do,
        ...(order > 0 && { order, ...(forecast !== 'taylor' && { forecast }) }),
        ...(span && { span, ...(absolute && { absolute }) }),
      });
    }
  }
}

/** The actions of one step: for each block, the key of the action of each of its modules. */
type Rows = readonly ReadonlyMap<string, string>[];

function rulesOf(rows: Rows): readonly Rule[] {
  const common = mostFrequent(rows);
  const rules: Rule[] = common === undefined ? [] : [JSON.parse(common) as Action];
  const uniform = rows.map((row) => (new Set(row.values()).size === 1 ? [...row.values()][0] : undefined));
  for (const { key, blocks } of runsOf(uniform)) {
    if (key !== common) rules.push(ruleOf(key, blocks, undefined, rows.length));
  }
  for (const { key, blocks, modules } of runsByModule(rows, uniform)) {
    if (key !== common) rules.push(ruleOf(key, blocks, modules, rows.length));
  }
  return rules;
}

/** The action that most branches share. A span has its own blocks, so that its rule never stands for all. */
function mostFrequent(rows: Rows): string | undefined {
  const counts = new Map<string, number>();
  for (const key of rows.flatMap((row) => [...row.values()])) {
    if ((JSON.parse(key) as { span?: unknown }).span === undefined) counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0];
}

interface KeyRun {
  readonly key: string;
  readonly blocks: readonly [first: number, last: number];
}

/** The runs of blocks in a row that have the same key; blocks without a key are in none. */
function runsOf(keys: readonly (string | undefined)[]): readonly KeyRun[] {
  const runs: KeyRun[] = [];
  keys.forEach((key, block) => {
    const previous = runs.at(-1);
    if (key === undefined) return;
    if (previous?.key === key && previous.blocks[1] === block - 1)
      runs[runs.length - 1] = { key, blocks: [previous.blocks[0], block] };
    else runs.push({ key, blocks: [block, block] });
  });
  return runs;
}

/** The runs of each module through the blocks whose modules differ; modules with the same run share one. */
function runsByModule(
  rows: Rows,
  uniform: readonly (string | undefined)[],
): readonly (KeyRun & { readonly modules: readonly string[] })[] {
  const runs = new Map<string, KeyRun & { readonly modules: string[] }>();
  for (const module of new Set(rows.flatMap((row) => [...row.keys()]))) {
    for (const run of runsOf(rows.map((row, block) => (uniform[block] === undefined ? row.get(module) : undefined)))) {
      const id = JSON.stringify(run);
      const same = runs.get(id);
      if (same) same.modules.push(module);
      else runs.set(id, { ...run, modules: [module] });
    }
  }
  return [...runs.values()];
}

/** A rule for some blocks; the filter is left out where the rule means these blocks anyway. */
function ruleOf(
  key: string,
  [first, last]: readonly [number, number],
  modules: readonly string[] | undefined,
  depth: number,
): Rule {
  const action = JSON.parse(key) as Action;
  const [from, to] = (action.do === 'reuse' ? action.span : undefined) ?? [0, depth - 1];
  const implied = from === first && to === last;
  return { ...action, ...(!implied && { blocks: [first, last] }), ...(modules && { modules }) };
}
