import { element, type Markup, text } from './markup.ts';

/** A table of numbers that is painted. */
export interface HeatMap {
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

const [LEFT, TOP, BOTTOM] = [56, 6, 34];
const KEY_WIDTH = 120;

/** Paints numbers: the larger, the stronger. The scale ends at the 98th percentile, so that one outlier does not pale all else. */
export function heatMap({ rows, columns, values, xLabel, yLabel, cell: [width, height] }: HeatMap, most: number = strongest(values)): Markup {
  const [total, tall] = [LEFT + columns.length * width + 8, TOP + rows.length * height];
  const labelled = Math.ceil(columns.length / Math.floor((columns.length * width) / 34));
  const cells = values.flatMap((own, row) =>
    own.map((value, column) =>
      element(
        'rect',
        { x: LEFT + column * width, y: TOP + row * height, width: width - 0.6, height: height - 0.6, style: paint(value, most) },
        element('title', {}, text(`${yLabel} ${rows[row]!}, ${xLabel} ${columns[column]!}: ${Number.isNaN(value) ? 'none' : value.toPrecision(3)}`)),
      ),
    ),
  );
  return element(
    'svg',
    { viewBox: `0 0 ${Math.max(total, LEFT + KEY_WIDTH + 60)} ${tall + BOTTOM}`, width: Math.max(total, LEFT + KEY_WIDTH + 60), role: 'img', 'aria-label': `${yLabel} by ${xLabel}` },
    cells,
    rows.map((row, i) => element('text', { x: LEFT - 6, y: TOP + (i + 0.5) * height + 4, 'text-anchor': 'end', class: 'muted' }, text(row))),
    columns.flatMap((column, i) =>
      i % labelled === 0 ? [element('text', { x: LEFT + (i + 0.5) * width, y: tall + 14, 'text-anchor': 'middle', class: 'muted' }, text(column))] : [],
    ),
    element('text', { x: LEFT, y: tall + 30, class: 'muted' }, text(`${xLabel}; rows: ${yLabel}`)),
  );
}

/** The value from which on all are painted alike. */
export function strongest(values: readonly (readonly number[])[]): number {
  const all = values
    .flat()
    .filter((value) => !Number.isNaN(value))
    .sort((a, b) => a - b);
  return all[Math.floor(0.98 * (all.length - 1))] ?? 1;
}

function paint(value: number, most: number): string {
  if (Number.isNaN(value)) return 'fill:none';
  return `fill:var(--heat);fill-opacity:${(0.04 + 0.96 * Math.sqrt(Math.min(1, value / most))).toFixed(3)}`;
}

/** What the strength of the colour means: the square root of the value, so that small differences show. */
export function heatKey(most: number): Markup {
  const steps = 24;
  const sample = Array.from({ length: steps }, (_, i) =>
    element('rect', { x: 20 + (i * KEY_WIDTH) / steps, y: 0, width: KEY_WIDTH / steps, height: 10, style: paint((most * i) / (steps - 1), most) }),
  );
  return element(
    'svg',
    { width: KEY_WIDTH + 90, height: 12, viewBox: `0 0 ${KEY_WIDTH + 90} 12` },
    element('text', { x: 8, y: 10, class: 'muted' }, text('0')),
    sample,
    element('text', { x: KEY_WIDTH + 26, y: 10, class: 'muted' }, text(most.toPrecision(2))),
  );
}
