import { printable, shownName } from '@procache/core/untrusted';

/** A piece of HTML or SVG. Only what `text`, `element` and `single` made is one. */
export type Markup = string & { readonly markup: true };

/**
 * A text as markup, fit for content and for attributes in double quotes.
 *
 * Every text of a page passes through here, so nothing that a file calls itself can open a tag, leave an attribute, or
 * turn around or hide what stands beside it: control characters and marks of direction are written as `\u{202e}`.
 */
export function text(content: string | number): Markup {
  return printable(String(content)).replace(/[&<>"']/g, (sign) => ENTITIES[sign]!) as Markup;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** A name that a file gave to a model, a class or a schedule: as much of it as a page has room for. */
export function nameText(name: string): string {
  return shownName(name);
}

/** Attributes of an element by name; those that are undefined are left out. */
export type Attributes = Readonly<Record<string, string | number | undefined>>;

/** Markup, in lists or not; lists in it are joined. */
export type Content = Markup | readonly Content[];

/** An element with its attributes, those without a value left out, and what is in it. */
export function element(name: string, attributes: Attributes = {}, ...content: readonly Content[]): Markup {
  return `${startTag(name, attributes)}${joined(content)}</${name}>` as Markup;
}

/** An element that has no end tag. */
export function single(name: string, attributes: Attributes): Markup {
  return startTag(name, attributes);
}

function startTag(name: string, attributes: Attributes): Markup {
  const written = Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined ? [] : [` ${key}="${text(rounded(value))}"`],
  );
  return `<${name}${written.join('')}>` as Markup;
}

function joined(content: Content): string {
  return typeof content === 'string' ? content : content.map(joined).join('');
}

/** Coordinates need no more than a hundredth of a pixel. */
function rounded(value: string | number): string | number {
  return typeof value === 'number' ? Math.round(value * 100) / 100 : value;
}
