/** A piece of HTML or SVG. Only what `text` or `element` made is one. */
export type Markup = string & { readonly markup: true };

/** A text as markup. */
export function text(content: string | number): Markup {
  return String(content).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;') as Markup;
}

export type Attributes = Readonly<Record<string, string | number | undefined>>;

/** An element with its attributes, those without a value left out, and what is in it. */
export function element(name: string, attributes: Attributes = {}, ...content: readonly (Markup | readonly Markup[])[]): Markup {
  const written = Object.entries(attributes).flatMap(([key, value]) => (value === undefined ? [] : [` ${key}="${text(rounded(value))}"`]));
  return `<${name}${written.join('')}>${content.flat().join('')}</${name}>` as Markup;
}

/** An element that has no end tag. */
export function single(name: string, attributes: Attributes): Markup {
  return element(name, attributes).replace(`</${name}>`, '') as Markup;
}

/** Coordinates need no more than a hundredth of a pixel. */
function rounded(value: string | number): string | number {
  return typeof value === 'number' ? Math.round(value * 100) / 100 : value;
}
