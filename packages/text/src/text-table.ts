import { wrapText } from './wrap.ts';

/** A cell of a table; a number is written as it is, so round it first. */
export type Cell = string | number;

const columnGap = 2;
const leastColumn = 8;
const lettersIn = (line: string): number => Array.from(line).length;

/**
 * The lines of a plain-text table: headings, a rule, and a line for each row, columns of numbers at the right, all
 * others at the left.
 *
 * A column holds numbers if every cell reads as a number, with a short unit or not (`2.48x`, `33.1 dB`), or as `-`.
 * Where the table would exceed `width` letters, first headings are wrapped that are wider than their numbers, at spaces
 * and behind hyphens; then the widest texts are, at spaces; and only where that is not enough, inside words.
 */
export function formatTable(headings: readonly string[], rows: readonly (readonly Cell[])[], width = 80): string {
  const uneven = rows.findIndex((row) => row.length !== headings.length);
  if (uneven >= 0)
    throw new RangeError(
      `row ${uneven} has ${rows[uneven]!.length} cells under ${headings.length} headings; fill all columns`,
    );
  const columns = columnsOf(headings, rows);
  const widths = narrowed(columns, width - columnGap * (headings.length - 1));
  const rule = widths.map((size) => '-'.repeat(size));
  const heads = linesOf(headings.map((heading, column) => wrapHeading(heading, widths[column]!)));
  const body = rows.flatMap((row) =>
    linesOf(row.map((cell, column) => wrapText(String(cell), widths[column]!, lettersIn))),
  );
  const lines = [...heads, rule, ...body].map((cells) => lineOf(cells, widths, columns));
  return `${lines.join('\n')}\n`;
}

/** Whether a table keeps within `width` letters without a break inside a word. */
export function fitsTable(headings: readonly string[], rows: readonly (readonly Cell[])[], width = 80): boolean {
  const least = columnsOf(headings, rows).reduce((sum, { unbroken }) => sum + unbroken, 0);
  return least + columnGap * (headings.length - 1) <= width;
}

/** What is known of a column before it is laid out; widths in letters. */
interface Column {
  readonly isNumeric: boolean;
  readonly natural: number;
  /** With its heading wrapped as far as the cells allow. */
  readonly headed: number;
  /** With its cells wrapped too, at spaces only. */
  readonly unbroken: number;
}

function columnsOf(headings: readonly string[], rows: readonly (readonly Cell[])[]): readonly Column[] {
  return headings.map((heading, index): Column => {
    const cells = rows.map((row) => String(row[index]));
    const isNumeric = rows.length > 0 && cells.every(readsAsNumber);
    const longest = most(cells.map(lettersIn));
    const least = most(headingParts(heading).map((part) => lettersIn(part.trimEnd())));
    const word = isNumeric ? longest : most(cells.flatMap((cell) => cell.split(/[ \n]/).map(lettersIn)));
    return {
      isNumeric,
      natural: Math.max(lettersIn(heading), longest),
      headed: Math.max(least, longest),
      unbroken: Math.max(least, word),
    };
  });
}

function most(lengths: readonly number[]): number {
  return lengths.reduce((a, b) => Math.max(a, b), 0);
}

function readsAsNumber(cell: string): boolean {
  return /^([-+]?\d[\d.,]*(e[-+]?\d+)?( ?[a-zA-Z%]{1,3})?|-|[-+]?Infinity|NaN)$/.test(cell);
}

/** The widths of the columns: as much as they take, less what is too much, in the order that `formatTable` promises. */
function narrowed(columns: readonly Column[], room: number): readonly number[] {
  const widths = columns.map(({ isNumeric, natural }) =>
    isNumeric ? natural : Math.min(natural, Math.max(room, leastColumn)),
  );
  const floors = [
    columns.map(({ headed }) => headed),
    columns.map(({ unbroken }) => unbroken),
    columns.map(({ isNumeric, unbroken }) => (isNumeric ? unbroken : Math.min(unbroken, leastColumn))),
  ];
  for (const floor of floors) {
    let excess = widths.reduce((sum, size) => sum + size, 0) - room;
    for (; excess > 0; excess--) {
      const widest = most(widths.filter((size, column) => size > floor[column]!));
      const column = widths.findIndex((size, index) => size === widest && size > floor[index]!);
      if (column < 0) break;
      widths[column]! -= 1;
    }
  }
  return widths;
}

/** Where a heading may be broken: behind spaces and hyphens. */
function headingParts(heading: string): readonly string[] {
  return heading.split(/(?<=[ -])/);
}

function wrapHeading(heading: string, width: number): readonly string[] {
  const lines: string[] = [''];
  for (const part of headingParts(heading)) {
    const joined = lines.at(-1)! + part;
    if (lines.at(-1) === '' || lettersIn(joined.trimEnd()) <= width) lines[lines.length - 1] = joined;
    else lines.push(part);
  }
  return lines.flatMap((line) => wrapText(line.trimEnd(), width, lettersIn));
}

/** The cells of each line of a row whose cells have lines of their own. */
function linesOf(cells: readonly (readonly string[])[]): readonly (readonly string[])[] {
  return Array.from({ length: most(cells.map(({ length }) => length)) }, (_, line) =>
    cells.map((lines) => lines[line] ?? ''),
  );
}

function lineOf(cells: readonly string[], widths: readonly number[], columns: readonly Column[]): string {
  return cells
    .map((text, column) => {
      const padding = ' '.repeat(Math.max(0, widths[column]! - lettersIn(text)));
      return columns[column]!.isNumeric ? padding + text : text + padding;
    })
    .join(' '.repeat(columnGap))
    .trimEnd();
}
