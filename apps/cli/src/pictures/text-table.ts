import { wrapText } from './wrap.ts';

/** A cell of a table; a number is written as it is, so round it first. */
export type Cell = string | number;

const columnGap = 2;
const leastColumn = 8;
const lettersIn = (line: string): number => Array.from(line).length;

/**
 * The lines of a plain-text table: headings, a rule, and a line for each row, columns of numbers at the right, all others at the left.
 *
 * A column holds numbers if every cell reads as a number, with a short unit or not (`2.48x`, `33.1 dB`), or as `-`. Where the table
 * would exceed `width` letters, its widest columns of text are narrowed and their cells wrapped.
 */
export function formatTable(headings: readonly string[], rows: readonly (readonly Cell[])[], width = 80): string {
  const uneven = rows.findIndex((row) => row.length !== headings.length);
  if (uneven >= 0) throw new RangeError(`row ${uneven} has ${rows[uneven]!.length} cells under ${headings.length} headings; fill all columns`);
  const lines = rows.map((row) => row.map(String));
  const numeric = headings.map((_, column) => rows.length > 0 && lines.every((row) => isNumeric(row[column]!)));
  const natural = headings.map((heading, column) => Math.max(lettersIn(heading), ...lines.map((row) => lettersIn(row[column]!))));
  const widths = narrowed(natural, numeric, width - columnGap * (headings.length - 1));
  const rule = widths.map((size) => '-'.repeat(size));
  const body = [headings, rule, ...lines].flatMap((row) => tableLines(row, widths, numeric));
  return `${body.join('\n')}\n`;
}

function isNumeric(cell: string): boolean {
  return /^([-+]?\d[\d.,]*(e[-+]?\d+)?( ?[a-zA-Z%]{1,3})?|-|[-+]?Infinity|NaN)$/.test(cell);
}

function narrowed(natural: readonly number[], numeric: readonly boolean[], room: number): number[] {
  const widths = [...natural];
  const total = (): number => widths.reduce((sum, size) => sum + size, 0);
  while (total() > room) {
    const widest = Math.max(...widths.filter((_, column) => !numeric[column]!));
    if (widest <= leastColumn) break;
    widths[widths.findIndex((size, column) => size === widest && !numeric[column]!)]! -= 1;
  }
  return widths;
}

function tableLines(row: readonly string[], widths: readonly number[], numeric: readonly boolean[]): string[] {
  const cells = row.map((cell, column) => wrapText(cell, widths[column]!, lettersIn));
  const height = Math.max(...cells.map((lines) => lines.length));
  return Array.from({ length: height }, (_, line) =>
    cells
      .map((lines, column) => {
        const text = lines[line] ?? '';
        const padding = ' '.repeat(Math.max(0, widths[column]! - lettersIn(text)));
        return numeric[column] === true ? padding + text : text + padding;
      })
      .join(' '.repeat(columnGap))
      .trimEnd(),
  );
}
