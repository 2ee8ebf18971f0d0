import {
  parseSchedule,
  ProCacheError,
  type Reuse,
  type Rule,
  type Schedule,
  type SelectorSettings,
} from '@procache/core';
import { checkOptions, type Fields } from '@procache/core/untrusted';

/** How a reused step is filled in; all defaults are plain reuse, branch by branch. */
export type ReuseVariant = Omit<Reuse, 'do'>;

/** A selective step: reuse everywhere, and from a block on some tokens afresh. */
export interface SelectiveVariant {
  /** How the rest is reused. */
  readonly reuse?: ReuseVariant;
  /** The first and the last block that refresh tokens. */
  readonly blocks: readonly [first: number, last: number];
  /** The share of tokens. */
  readonly ratio: number;
  /** The modules whose tokens are refreshed; in ProCache all but self-attention. */
  readonly modules: readonly string[];
}

/** What the letters of a space of patterns mean: one per variant, besides `#` and `.`. */
export interface Alphabet {
  /** The letters of the reuse variants, in their order. */
  readonly reused: readonly string[];
  /** The letters of the selective variants, in their order. */
  readonly selective: readonly string[];
  readonly legend: Schedule['legend'];
  /** How the tokens of selective steps are chosen. */
  readonly selector?: SelectorSettings;
}

export interface AlphabetOptions {
  readonly reuse: readonly ReuseVariant[];
  readonly selective?: readonly SelectiveVariant[];
  readonly selector?: SelectorSettings;
}

const REUSE_FIELDS: Fields<ReuseVariant> = { order: true, forecast: true, span: true, absolute: true };

function checkSelective(variant: SelectiveVariant, place: string): void {
  checkOptions(place, variant, { reuse: true, blocks: true, ratio: true, modules: true });
  checkOptions(`${place}.reuse`, variant.reuse ?? {}, REUSE_FIELDS);
}

const SELECTIVE_LETTERS = '+*xyzwvutsrqponm';
const FORECAST_LETTERS = '~abcdefghijklABCDEFGHIJKLMNOPQRSTUVWXYZ';

/**
 * Gives each variant a letter.
 *
 * Plain reuse is `.`. A forecast has its order as its letter, where that is not taken, so that
 * `"#22#111"` can be read without the legend; what is left gets `~` and then letters.
 */
export function alphabetOf(options: AlphabetOptions): Alphabet {
  checkOptions('alphabetOf', options, { reuse: true, selective: true, selector: true });
  const { reuse, selective = [], selector } = options;
  reuse.forEach((variant, i) => checkOptions(`reuse[${i}]`, variant, REUSE_FIELDS));
  selective.forEach((variant, i) => checkSelective(variant, `selective[${i}]`));
  const legend = new Map<string, readonly Rule[]>();
  const take = (candidates: Iterable<string>, rules: readonly Rule[], place: string): string => {
    const text = JSON.stringify(rules);
    if ([...legend.values()].some((other) => JSON.stringify(other) === text))
      throw new ProCacheError('invalid-input', `${place}: the same variant is given twice; leave one out`);
    for (const letter of candidates) {
      if (legend.has(letter)) continue;
      legend.set(letter, rules);
      return letter;
    }
    throw new ProCacheError('invalid-input', `${place}: there are more variants than letters; give fewer of them`);
  };
  const reused = reuse.map((variant, i) => {
    const rule: Reuse = { do: 'reuse', ...variant };
    const { order = 0, span } = variant;
    const own = order === 0 && !span ? '.' : String(order);
    return take(
      [own, ...Array.from(FORECAST_LETTERS)].filter((letter) => letter.length === 1),
      [rule],
      `reuse[${i}]`,
    );
  });
  const chosen = selective.map(({ reuse: rest = {}, ratio, blocks, modules }, i) =>
    take(
      SELECTIVE_LETTERS,
      [
        { do: 'reuse', ...rest },
        { do: 'refresh', ratio, blocks, modules },
      ],
      `selective[${i}]`,
    ),
  );
  legend.delete('.'); // reserved: every schedule reads it as plain reuse
  return { reused, selective: chosen, legend: Object.fromEntries(legend), ...(selector && { selector }) };
}

/** The schedule that a pattern over an alphabet stands for; its legend has the letters that it uses, and no more. */
export function scheduleFor(pattern: string, { legend, selector }: Alphabet): Schedule {
  const letters = [...new Set(pattern)];
  const used = Object.entries(legend).filter(([letter]) => letters.includes(letter));
  const selects = used.some(([, rules]) => rules.some((rule) => rule.do === 'refresh'));
  return { version: 1, pattern, legend: Object.fromEntries(used), ...(selects && selector && { selector }) };
}

/**
 * A schedule as a text that is the same for schedules that do the same under different letters.
 *
 * Letters are renamed in the order of their first use, notes and unused letters left out. A study
 * looks evaluations up by it.
 *
 * @throws {ProCacheError} `invalid-schedule` for what is no schedule.
 */
export function keyOf(schedule: Schedule): string {
  const { pattern, legend, selector } = parseSchedule(schedule);
  const letters = [...new Set(pattern)].filter((letter) => letter in legend && letter !== '#' && letter !== '.');
  const names = new Map(letters.map((letter, i) => [letter, `<${i}>`]));
  const rules = letters.map((letter) => legend[letter]!.map(ordered));
  return JSON.stringify([
    Array.from(pattern, (letter) => names.get(letter) ?? letter).join(''),
    rules,
    selector ? ordered(selector) : null,
  ]);
}

/** The members of an object in the order of their names. */
function ordered(object: object): readonly (readonly [string, unknown])[] {
  const members = Object.entries(object) as [string, unknown][];
  return members.filter(([, value]) => value !== undefined).sort(([a], [b]) => (a < b ? -1 : 1));
}
