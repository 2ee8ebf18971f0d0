import type { Rule, Schedule } from '@procache/core';
import { element, type Markup, text } from './markup.ts';

/** A schedule in the list of candidates. */
export interface StripRow {
  readonly name: string;
  readonly schedule: Schedule;
  readonly score: string;
  readonly isFound?: boolean;
}

/** Candidates of one budget. */
export interface StripGroup {
  readonly heading: string;
  readonly rows: readonly StripRow[];
}

/** One strip per schedule, one cell per step, the noisiest at the left. */
export function patternStrips(groups: readonly StripGroup[]): Markup {
  return element(
    'div',
    { class: 'strip' },
    groups.flatMap(({ heading, rows }) => [element('div', { class: 'head' }, text(heading)), ...rows.flatMap(stripCells)]),
  );
}

function stripCells({ name, schedule, score, isFound }: StripRow): readonly Markup[] {
  const tag = isFound ? 'b' : 'span';
  return [element(tag, {}, text(name)), strip(schedule), element(tag, {}, text(score))];
}

const CELL = 10;

function strip({ pattern, legend }: Schedule): Markup {
  return element(
    'svg',
    { viewBox: `0 0 ${pattern.length * CELL} 14`, preserveAspectRatio: 'none', role: 'img', 'aria-label': pattern },
    element('title', {}, text(pattern)),
    Array.from(pattern, (letter, step) =>
      element(
        'rect',
        { x: step * CELL + 0.5, y: 0, width: CELL - 1, height: 14, style: paint(deedOf(letter, legend[letter])) },
        element('title', {}, text(`step ${step}: ${letter}, ${meaning(deedOf(letter, legend[letter]))}`)),
      ),
    ),
  );
}

/** What a letter does, as far as people want to know. */
type Deed =
  | { readonly kind: 'computed' | 'partly computed' }
  | { readonly kind: 'reused'; readonly order: number; readonly forecast: string; readonly ofStack: boolean; readonly refreshed: Refreshed | undefined };

interface Refreshed {
  readonly ratio: number;
  readonly blocks?: readonly [first: number, last: number];
}

function deedOf(letter: string, rules: readonly Rule[] = [{ do: 'reuse' }]): Deed {
  if (letter === '#') return { kind: 'computed' };
  const reuse = rules.find((rule) => rule.do === 'reuse');
  if (!reuse || rules.some((rule) => rule.do === 'compute')) return { kind: 'partly computed' };
  const refreshed = rules.find((rule) => rule.do === 'refresh');
  return { kind: 'reused', order: reuse.order ?? 0, forecast: reuse.forecast ?? 'taylor', ofStack: reuse.span !== undefined, refreshed };
}

/** Computed steps are solid; of reused ones a higher degree of forecast is a stronger colour. */
function paint(deed: Deed): string {
  if (deed.kind !== 'reused') return `fill:var(--computed);fill-opacity:${deed.kind === 'computed' ? 1 : 0.6}`;
  if (deed.refreshed) return 'fill:var(--selective)';
  return `fill:var(${deed.ofStack ? '--stack' : '--branch'});fill-opacity:${Math.min(0.75, 0.12 + 0.15 * deed.order).toFixed(2)}`;
}

/** What a letter does, in a few words. */
function meaning(deed: Deed): string {
  if (deed.kind !== 'reused') return deed.kind;
  const { order, forecast, ofStack, refreshed } = deed;
  const what = order === 0 ? 'reused' : `forecast of order ${order}${order > 1 ? ` (${forecast})` : ''}`;
  const tokens = refreshed ? `, ${Math.round(100 * refreshed.ratio)} % of tokens refreshed in blocks ${refreshed.blocks?.join('-') ?? 'all'}` : '';
  return `${what}, ${ofStack ? 'the whole stack' : 'branch by branch'}${tokens}`;
}

/** What the colours mean. */
export function stripKey(schedules: readonly Schedule[]): Markup {
  const deeds = new Map(
    schedules.flatMap(({ pattern, legend }) =>
      [...new Set(pattern)].map((letter) => [meaning(deedOf(letter, legend[letter])), { letter, deed: deedOf(letter, legend[letter]) }] as const),
    ),
  );
  const ordered = [...deeds.values()].sort((a, b) => (a.letter < b.letter ? -1 : 1));
  return element(
    'ul',
    { class: 'key' },
    ordered.map(({ letter, deed }) =>
      element('li', {}, element('svg', { width: 10, height: 12 }, element('rect', { width: 10, height: 12, style: paint(deed) })), element('code', {}, text(letter)), text(` ${meaning(deed)}`)),
    ),
  );
}
