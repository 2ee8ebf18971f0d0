import { element, type Markup, text } from './markup.ts';
import { numbersOf } from './table.ts';

/** A table of numbers that is painted. */
export interface HeatMap {
  /** What it shows, in a few words. */
  readonly name: string;
  /** What the rows are, from the top. */
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  /** `values[row][column]`; not a number where there is none. */
  readonly values: readonly (readonly number[])[];
  readonly xLabel: string;
  readonly yLabel: string;
  /** Widths and heights of a cell, in pixels. */
  readonly cell: readonly [width: number, height: number];
}

const [LEFT, TOP, BOTTOM] = [36, 6, 34];
/** Room that the number of a column takes, in pixels. */
const COLUMN_LABEL = 34;
const KEY_WIDTH = 120;
const LEAST_WIDTH = 200;

/** Paints numbers, the larger the stronger, and has them as a table below. */
export function heatMap(map: HeatMap, most: number = strongest(map.values)): readonly Markup[] {
  const { name, rows, columns, values, xLabel, yLabel, cell } = map;
  const [width, height] = cell;
  const tall = TOP + rows.length * height;
  const total = Math.max(LEFT + columns.length * width + 8, LEAST_WIDTH);
  const labelled = Math.ceil(COLUMN_LABEL / width);
  const painted = element(
    'svg',
    {
      class: 'fixed',
      viewBox: `0 0 ${total} ${tall + BOTTOM}`,
      width: total,
      role: 'img',
      'aria-label': `${name}: ${yLabel} by ${xLabel}`,
    },
    values.map((own, row) => own.map((value, column) => cellOf(map, { value, row, column, most }))),
    rows.map((row, i) =>
      element(
        'text',
        { x: LEFT - 6, y: TOP + (i + 0.5) * height + 4, 'text-anchor': 'end', class: 'muted' },
        text(row),
      ),
    ),
    columns.map((column, i) =>
      i % labelled === 0
        ? element(
            'text',
            { x: LEFT + (i + 0.5) * width, y: tall + 14, 'text-anchor': 'middle', class: 'muted' },
            text(column),
          )
        : [],
    ),
    element('text', { x: LEFT, y: tall + 30, class: 'muted' }, text(`columns: ${xLabel}, rows: ${yLabel}`)),
  );
  const table = {
    caption: name,
    heads: [{ name: yLabel }, ...columns.map((column) => ({ name: `${xLabel} ${column}` }))],
    rows: rows.map((heading, i) => ({ heading, cells: values[i]!.map(shownValue) })),
  };
  return [painted, numbersOf(`The numbers of this picture`, table)];
}

interface Cell {
  readonly value: number;
  readonly row: number;
  readonly column: number;
  readonly most: number;
}

function cellOf(
  { rows, columns, xLabel, yLabel, cell: [width, height] }: HeatMap,
  { value, row, column, most }: Cell,
): Markup {
  const place = { x: LEFT + column * width, y: TOP + row * height, width: width - 0.6, height: height - 0.6 };
  const said = `${yLabel} ${rows[row]!}, ${xLabel} ${columns[column]!}: ${shownValue(value)}`;
  return element('rect', { ...place, style: paint(value, most) }, element('title', {}, text(said)));
}

function shownValue(value: number): string {
  return Number.isFinite(value) ? value.toPrecision(3) : 'none';
}

/** The value from which on all are painted alike: the 98th percentile, so that one outlier does not pale all else. */
export function strongest(values: readonly (readonly number[])[]): number {
  const all = values
    .flat()
    .filter((value) => Number.isFinite(value))
    .sort((a, b) => a - b);
  const most = all[Math.floor(0.98 * (all.length - 1))] ?? 1;
  return most > 0 ? most : 1;
}

function paint(value: number, most: number): string {
  if (!Number.isFinite(value)) return 'fill:none';
  const share = Math.min(1, Math.max(0, value / most));
  return `fill:var(--heat);fill-opacity:${(0.04 + 0.96 * Math.sqrt(share)).toFixed(3)}`;
}

/** What the strength of the colour means: the square root of the value, so that small differences show. */
export function heatKey(most: number): Markup {
  const steps = 24;
  const sample = Array.from({ length: steps }, (_, i) =>
    element('rect', {
      x: 20 + (i * KEY_WIDTH) / steps,
      y: 0,
      width: KEY_WIDTH / steps,
      height: 10,
      style: paint((most * i) / (steps - 1), most),
    }),
  );
  const width = KEY_WIDTH + 90;
  return element(
    'svg',
    {
      class: 'fixed',
      width,
      height: 12,
      viewBox: `0 0 ${width} 12`,
      role: 'img',
      'aria-label': `from 0, pale, to ${most.toPrecision(2)}, strong`,
    },
    element('text', { x: 8, y: 10, class: 'muted' }, text('0')),
    sample,
    element('text', { x: KEY_WIDTH + 26, y: 10, class: 'muted' }, text(most.toPrecision(2))),
  );
}
