import type { Rule, Schedule } from '@procache/core';

/** What a letter of a schedule does, as far as people want to know. */
export type Deed = { readonly kind: 'computed' } | { readonly kind: 'partly computed' } | Reused;

/** All branches reuse something; some tokens may be refreshed. */
export interface Reused {
  readonly kind: 'reused';
  /** The degree of the forecast; 0 holds what is stored. */
  readonly order: number;
  readonly forecast: string;
  /** Whether what is stored is of all blocks together rather than of each branch. */
  readonly ofStack: boolean;
  readonly refreshed: Refreshed | undefined;
}

export interface Refreshed {
  /** Shares of the tokens: the least and the greatest of all blocks. */
  readonly least: number;
  readonly most: number;
  /** The first and the last block; undefined where it is all of them. */
  readonly blocks: readonly [first: number, last: number] | undefined;
}

/** What a letter of a schedule does. */
export function deedOf({ legend }: Schedule, letter: string): Deed {
  if (letter === '#') return { kind: 'computed' };
  const rules: readonly Rule[] = legend[letter] ?? [{ do: 'reuse' }];
  const reuse = rules.find((rule) => rule.do === 'reuse');
  if (!reuse || rules.some((rule) => rule.do === 'compute')) return { kind: 'partly computed' };
  return {
    kind: 'reused',
    order: reuse.order ?? 0,
    forecast: reuse.forecast ?? 'taylor',
    ofStack: reuse.span !== undefined,
    refreshed: refreshedBy(rules),
  };
}

function refreshedBy(rules: readonly Rule[]): Refreshed | undefined {
  const refreshes = rules.filter((rule) => rule.do === 'refresh');
  if (refreshes.length === 0) return undefined;
  const ratios = refreshes.map(({ ratio }) => ratio);
  const blocks = refreshes.flatMap((rule) => rule.blocks ?? []);
  const areAll = refreshes.some((rule) => rule.blocks === undefined);
  return {
    least: Math.min(...ratios),
    most: Math.max(...ratios),
    blocks: areAll ? undefined : [Math.min(...blocks), Math.max(...blocks)],
  };
}

/** What a letter does, in a few words. */
export function meaningOf(deed: Deed): string {
  if (deed.kind !== 'reused') return deed.kind;
  const { order, forecast, ofStack, refreshed } = deed;
  const rule = order > 1 ? ` (${forecast})` : '';
  const what = order === 0 ? 'reused' : `forecast of order ${order}${rule}`;
  return `${what}, ${ofStack ? 'the whole stack' : 'branch by branch'}${refreshed ? `, ${tokensOf(refreshed)}` : ''}`;
}

function tokensOf({ least, most, blocks }: Refreshed): string {
  const [from, to] = [percent(least), percent(most)];
  const where = !blocks ? 'all blocks' : blocks[0] === blocks[1] ? `block ${blocks[0]}` : `blocks ${blocks.join('-')}`;
  return `${from === to ? to : `${from} to ${to}`} % of tokens refreshed in ${where}`;
}

function percent(share: number): string {
  return (100 * share).toFixed(0);
}

/** One line of a legend: letters, and what they do. */
export interface LegendEntry {
  readonly letters: readonly string[];
  readonly deed: Deed;
  /** The schedules in which the letters mean this, where they mean something else in another of those shown. */
  readonly of: readonly string[];
}

/** A schedule with the name that it is shown by. */
export interface NamedSchedule {
  readonly name: string;
  readonly schedule: Schedule;
}

/**
 * What every letter in the patterns of some schedules means: those letters, and no others, in the order of their first
 * use. Letters that mean the same share a line.
 */
export function legendOf(schedules: readonly NamedSchedule[]): readonly LegendEntry[] {
  const uses = schedules.flatMap(usesOf);
  const meanings = grouped(uses, ({ letter }) => letter);
  const isAmbiguous = ({ letter }: Use): boolean =>
    new Set(meanings.get(letter)!.map(({ meaning }) => meaning)).size > 1;
  const lines = grouped(uses, (use) => `${use.meaning}${isAmbiguous(use) ? ' (here)' : ''}`);
  return [...lines.values()].map((own) => ({
    letters: [...new Set(own.map(({ letter }) => letter))],
    deed: own[0]!.deed,
    of: isAmbiguous(own[0]!) ? [...new Set(own.map(({ name }) => name))] : [],
  }));
}

/** A letter in the pattern of a schedule. */
interface Use {
  readonly name: string;
  readonly letter: string;
  readonly deed: Deed;
  readonly meaning: string;
}

function usesOf({ name, schedule }: NamedSchedule): readonly Use[] {
  return [...new Set(schedule.pattern)].map((letter) => {
    const deed = deedOf(schedule, letter);
    return { name, letter, deed, meaning: meaningOf(deed) };
  });
}

function grouped<Item>(items: readonly Item[], keyOf: (item: Item) => string): ReadonlyMap<string, readonly Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}
