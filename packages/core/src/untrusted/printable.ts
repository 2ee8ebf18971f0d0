/** As much of a value out of a file as a message can show and still be read, in UTF-16 units. */
const MOST_SHOWN = 80;

/**
 * Text from outside, safe to print: no sign in it moves a cursor, colours, rings, hides or turns around what is
 * printed after it.
 *
 * Control characters (C0 but for the line break and the tab, DEL and C1), marks that change the direction of
 * writing, and halves of surrogate pairs are written as `\u{1b}`. Whoever puts text on a terminal calls this once, at
 * the end, so that no message along the way has to.
 */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (sign) => `\\u{${sign.codePointAt(0)!.toString(16)}}`);
}

// Controls, marks of writing direction and separators of lines; then halves of surrogate pairs that stand alone.
const UNPRINTABLE = new RegExp(
  [
    String.raw`[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]`,
    String.raw`[\ud800-\udbff](?![\udc00-\udfff])`,
    String.raw`(?<![\ud800-\udbff])[\udc00-\udfff]`,
  ].join('|'),
  'g',
);

/**
 * An untrusted value for an error message: as JSON, printable, and cut to a length that fits one.
 *
 * Never throws, whatever the value; takes time that does not grow with the value.
 */
export function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'number' || typeof value === 'bigint') return cut(String(value), MOST_SHOWN);
  return printable(cut(jsonOf(value, MOST_SHOWN), MOST_SHOWN));
}

/** A name from outside, without quotes: printable, and cut as `shown` cuts. */
export function shownName(name: string, most: number = MOST_SHOWN): string {
  return printable(cut(name, most));
}

function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most - 3)}...` : text;
}

/** The JSON of a value, as far as the message can show: deep, long and circular values are not walked to their end. */
function jsonOf(value: unknown, most: number): string {
  let left = most;
  const write = (part: unknown, depth: number): string => {
    if (left <= 0 || depth > 8) return '...';
    if (typeof part === 'string') return quoted(part);
    if (Array.isArray(part)) return `[${listed(part, (element) => write(element, depth + 1))}]`;
    if (typeof part !== 'object' || part === null) return spend(String(part));
    const members = Object.entries(part);
    return `{${listed(members, ([key, member]) => `${quoted(key)}:${write(member, depth + 1)}`)}}`;
  };
  const quoted = (text: string): string => spend(JSON.stringify(text.slice(0, most + 1)));
  const spend = (text: string): string => {
    left -= text.length + 1;
    return text;
  };
  const listed = <T>(parts: readonly T[], one: (part: T) => string): string => {
    const written: string[] = [];
    for (const part of parts) {
      if (left <= 0) break;
      written.push(one(part));
    }
    return written.length < parts.length ? `${written.join(',')},...` : written.join(',');
  };
  return write(value, 0);
}
