/** How a text stands out where it is shown: in a terminal by weight and colour. Each adds signs that take no room. */
export interface Emphasis {
  strong(text: string): string;
  faint(text: string): string;
  alarm(text: string): string;
}

/** None at all. */
export const PLAIN: Emphasis = { strong: (text) => text, faint: (text) => text, alarm: (text) => text };

/** The same two columns further right; empty lines stay empty. */
export function indented(text: string): string {
  return text.replaceAll(/^(?=.)/gm, '  ');
}
