import { printable } from '@procache/core/untrusted';
import { type Ink, inkFor } from './ink.ts';
import type { OutputStream } from './output-stream.ts';

/**
 * The one way out for text: whatever is written, no sign of it moves a cursor, colours, rings or hides.
 *
 * Names that files hold need no care before they come here. Emphasis is this program's own: see `Ink`.
 */
export interface Terminal {
  /** Whether a person reads along, so that progress may be drawn. */
  readonly isTTY: boolean;
  /** Letters that fit a line: 80 where the stream does not say, and never fewer than 20. */
  readonly columns: number;
  readonly ink: Ink;
  write(text: string): void;
  /** Writes the text of a JSON value. It stays that value: unprintable signs become escapes of JSON. */
  writeJson(text: string): void;
  /** Draws a line instead of the last one that was drawn; nothing where nobody reads along. */
  draw(line: string): void;
  /** Removes the line that was drawn, so that a message can take its place. */
  erase(): void;
}

export function terminalOf(stream: OutputStream, env: Readonly<Record<string, string | undefined>>): Terminal {
  const ink = inkFor(stream, env);
  const isTTY = stream.isTTY === true;
  return {
    isTTY,
    get columns() {
      return widthOf(stream.columns);
    },
    ink,
    write(text) {
      stream.write(ink.printed(text));
    },
    writeJson(text) {
      stream.write(printableJson(text));
    },
    draw(line) {
      if (isTTY) stream.write(`\r${fitted(printable(line.replaceAll(/\s/g, ' ')), stream.columns)}\x1b[K`);
    },
    erase() {
      if (isTTY) stream.write('\r\x1b[K');
    },
  };
}

/** Nowhere at all: for whoever asked for quiet. */
export const NOWHERE: Terminal = terminalOf({ write: () => undefined }, {});

const USUAL_WIDTH = 80;
/** Narrower, and text is no longer read but spelt. */
const LEAST_WIDTH = 20;

/** What some terminals say of their width is nothing, 0 or no number. */
function widthOf(columns: number | undefined): number {
  return isWidth(columns) ? Math.max(LEAST_WIDTH, Math.floor(columns)) : USUAL_WIDTH;
}

function isWidth(columns: number | undefined): columns is number {
  return columns !== undefined && Number.isFinite(columns) && columns >= 1;
}

/** A line that breaks could not be drawn over; the last column is left free, where some terminals break already. */
function fitted(line: string, columns: number | undefined): string {
  return isWidth(columns) ? line.slice(0, Math.max(0, Math.floor(columns) - 1)) : line;
}

/** JSON escapes C0 only. Outside of its strings it holds none of these signs, and inside an escape says the same. */
function printableJson(text: string): string {
  return text.replaceAll(OBEYED, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

// eslint-disable-next-line no-control-regex -- these are the signs that must not reach a terminal
const OBEYED = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/g;
