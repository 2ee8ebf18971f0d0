import { type Deed, deedOf, legendOf, meaningOf, type NamedSchedule } from './deed.ts';
import { element, type Markup, nameText, text } from './markup.ts';

/** The width of a step, the height of its bar, and that of its letter, in pixels. */
const [CELL, BAR, LETTER] = [10, 16, 11];
/** The height of the bar of plain reuse, and how much a degree of forecast adds. */
const [LEAST_BAR, PER_ORDER] = [2.5, 2.5];
/** A step is at most so wide on a wide screen, in pixels. */
const WIDEST_CELL = 16;

/** A schedule as a strip: a bar for each step, the noisiest at the left, and its letter below it. */
export function patternStrip({ name, schedule }: NamedSchedule): Markup {
  const letters = Array.from(schedule.pattern);
  const [width, height] = [letters.length * CELL, BAR + LETTER];
  const deeds = new Map([...new Set(letters)].map((letter) => [letter, deedOf(schedule, letter)]));
  const middles = letters.map((_, step) => step * CELL + CELL / 2);
  return element(
    'svg',
    {
      class: 'strip',
      viewBox: `0 0 ${width} ${height}`,
      style: `min-width:${width}px;max-width:${letters.length * WIDEST_CELL}px`,
      role: 'img',
      'aria-label': `${nameText(name)}: ${schedule.pattern}`,
    },
    letters.map((letter, step) =>
      element('g', {}, stepTitle(step, letter, deeds.get(letter)!), bars(deeds.get(letter)!, step * CELL)),
    ),
    element('text', { x: middles.join(' '), y: height - 2, class: 'letters' }, text(letters.join(''))),
  );
}

function stepTitle(step: number, letter: string, deed: Deed): Markup {
  return element('title', {}, text(`step ${step}: ${letter}, ${meaningOf(deed)}`));
}

/**
 * What a step does, told by shape as well as by colour: full height where all is computed, else a bar that is the
 * higher the higher the degree of the forecast. Features of branches stand at the bottom, those of the stack hang from
 * the top, and refreshed tokens are a narrow bar from the other end, as long as their share.
 */
function bars(deed: Deed, x: number): readonly Markup[] {
  const bar = (y: number, height: number, colour: string): Markup =>
    element('rect', { x: x + 0.5, y, width: CELL - 1, height, style: `fill:var(${colour})` });
  if (deed.kind === 'computed') return [bar(0, BAR, '--computed')];
  if (deed.kind === 'partly computed')
    return [bar(0, BAR / 2 - 1, '--computed'), bar(BAR / 2 + 1, BAR / 2 - 1, '--computed')];
  const { order, ofStack, refreshed } = deed;
  const height = Math.min(BAR - 1, LEAST_BAR + PER_ORDER * order);
  const reused = ofStack ? bar(0, height, '--stack') : bar(BAR - height, height, '--branch');
  if (!refreshed) return [reused];
  const long = Math.max(2, refreshed.most * BAR);
  const y = ofStack ? BAR - long : 0;
  return [reused, element('rect', { x: x + 3, y, width: CELL - 6, height: long, style: 'fill:var(--selective)' })];
}

/** What the letters of some schedules mean: exactly those that their strips show. */
export function stripKey(schedules: readonly NamedSchedule[]): Markup {
  return element(
    'ul',
    { class: 'key' },
    legendOf(schedules).map(({ letters, deed, of }) => {
      const swatch = {
        class: 'swatch',
        width: CELL,
        height: BAR,
        viewBox: `0 0 ${CELL} ${BAR}`,
        'aria-hidden': 'true',
      };
      const names = of.length > 0 ? ` (in ${of.map(nameText).join(', ')})` : '';
      return element(
        'li',
        {},
        element('svg', swatch, bars(deed, 0)),
        letters.map((letter) => [element('code', {}, text(letter)), text(' ')]),
        text(`${meaningOf(deed)}${names}`),
      );
    }),
  );
}
