import { type Content, element, type Markup, single, text } from './markup.ts';
import { STYLE } from './style.ts';

/** A part of a page, below a heading. */
export interface Section {
  readonly title: string;
  /** Paragraphs of plain text that come first. */
  readonly words: readonly string[];
  readonly content: readonly Markup[];
}

/** What `reportPage` makes a file of. */
export interface Page {
  readonly title: string;
  /** A line below the title, and paragraphs below that. */
  readonly subtitle: string;
  readonly words?: readonly string[];
  readonly sections: readonly Section[];
}

/** Nothing is fetched, sent or run: pictures and styles are in the page, and there is no script. */
const POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";
const PRIVACY =
  'This page is one file. It loads nothing, sends nothing and runs no script, and its content-security policy ' +
  'keeps it from doing so.';

/** A page as one HTML file, which needs no other. */
export function reportPage({ title, subtitle, words = [], sections }: Page): string {
  const main = element(
    'main',
    {},
    element('h1', {}, text(title)),
    element('p', { class: 'muted' }, text(subtitle)),
    paragraphs(words),
    sections.map(sectionMarkup),
  );
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    single('meta', { 'http-equiv': 'Content-Security-Policy', content: POLICY }),
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="referrer" content="no-referrer">',
    '<meta name="color-scheme" content="light dark">',
    `<title>${text(title)}</title>`,
    `<style>${STYLE}</style>`,
    '</head>',
    element('body', {}, main, element('footer', { class: 'muted small' }, text(PRIVACY))),
    '</html>',
    '',
  ].join('\n');
}

function sectionMarkup({ title, words, content }: Section): Markup {
  return element('section', {}, element('h2', {}, text(title)), paragraphs(words), content);
}

function paragraphs(words: readonly string[]): readonly Markup[] {
  return words.map((paragraph) => element('p', {}, text(paragraph)));
}

/** A framed picture or table: named, scrolled by itself where it is too wide, and so reached by the keyboard. */
export function figure(name: string, ...content: readonly Content[]): Markup {
  return element('figure', { tabindex: 0, 'aria-label': name }, content);
}
