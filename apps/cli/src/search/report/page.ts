import { element, type Markup, text } from './markup.ts';
import { STYLE } from './style.ts';

/** A part of the report. */
export interface Section {
  readonly title: string;
  /** Paragraphs of plain text that come first. */
  readonly words: readonly string[];
  readonly content: readonly Markup[];
}

/** The report as one HTML file, which needs no other. */
export function reportPage(title: string, subtitle: string, sections: readonly Section[]): string {
  const parts = sections.map(({ title: heading, words, content }) =>
    element('section', {}, element('h2', {}, text(heading)), words.map((paragraph) => element('p', {}, text(paragraph))), content),
  );
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${text(title)}</title>`,
    `<style>${STYLE}</style>`,
    element('body', {}, element('h1', {}, text(title)), element('p', { class: 'muted' }, text(subtitle)), parts),
    '</html>',
    '',
  ].join('\n');
}

/** A table with a heading; rows of class `found` stand out. */
export function htmlTable(headings: readonly string[], rows: readonly { readonly cells: readonly string[]; readonly isFound: boolean }[]): Markup {
  return element(
    'table',
    {},
    element('tr', {}, headings.map((heading) => element('th', {}, text(heading)))),
    rows.map(({ cells, isFound }) => element('tr', { class: isFound ? 'found' : undefined }, cells.map((cell) => element('td', {}, text(cell))))),
  );
}

/** Names and values. */
export function facts(entries: readonly (readonly [name: string, value: string])[]): Markup {
  return element('dl', {}, entries.flatMap(([name, value]) => [element('dt', {}, text(name)), element('dd', {}, text(value))]));
}
