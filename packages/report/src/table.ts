import { type Content, element, type Markup, text } from './markup.ts';

/** The head of a column: a name, and below it the unit of the numbers. */
export interface Head {
  readonly name: string;
  readonly unit?: string;
}

/** One line of a table; its first cell is its heading. */
export interface Row {
  readonly heading: string;
  readonly cells: readonly (string | Markup)[];
  /** Whether it stands out. */
  readonly isFound?: boolean;
}

/** What `dataTable` shows. */
export interface TableData {
  /** What the table holds, for those who do not see the page around it. */
  readonly caption: string;
  /** Of all columns, that of the headings included. */
  readonly heads: readonly Head[];
  readonly rows: readonly Row[];
  /** The cells hold markup; they are texts unless this is set. */
  readonly isMarkup?: boolean;
  readonly className?: string;
}

/** A table whose every column and row has a heading. */
export function dataTable({ caption, heads, rows, isMarkup = false, className }: TableData): Markup {
  const cellOf = (cell: string): Content => element('td', {}, isMarkup ? (cell as Markup) : text(cell));
  return element(
    'table',
    { class: className },
    element('caption', { class: 'unseen' }, text(caption)),
    element('thead', {}, element('tr', {}, heads.map(headCell))),
    element(
      'tbody',
      {},
      rows.map(({ heading, cells, isFound }) =>
        element(
          'tr',
          { class: isFound ? 'found' : undefined },
          element('th', { scope: 'row' }, text(heading)),
          cells.map(cellOf),
        ),
      ),
    ),
  );
}

function headCell({ name, unit }: Head): Markup {
  const below = unit ? element('span', { class: 'unit' }, text(unit)) : [];
  return element('th', { scope: 'col' }, text(name), below);
}

/** The numbers behind a picture, folded away. */
export function numbersOf(summary: string, table: TableData): Markup {
  const scrolled = element(
    'div',
    { class: 'scrolled', tabindex: 0, role: 'group', 'aria-label': table.caption },
    dataTable(table),
  );
  return element('details', {}, element('summary', {}, text(summary)), scrolled);
}

/** Names and values. */
export function facts(entries: readonly (readonly [name: string, value: string])[]): Markup {
  return element(
    'dl',
    {},
    entries.flatMap(([name, value]) => [element('dt', {}, text(name)), element('dd', {}, text(value))]),
  );
}
