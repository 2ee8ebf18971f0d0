import { randomUUID } from 'node:crypto';
import { printable } from '@procache/core/untrusted';
import type { OutputStream } from './output-stream.ts';

/** Emphasis for text in a terminal. */
export interface Ink {
  strong(text: string): string;
  faint(text: string): string;
  alarm(text: string): string;
  /** The text as a terminal is to get it: this ink's own emphasis, and nothing else that a terminal obeys. */
  printed(text: string): string;
}

const PLAIN: Ink = { strong: (text) => text, faint: (text) => text, alarm: (text) => text, printed: printable };

const SEQUENCES = {
  strong: { on: '\x1b[1m', off: '\x1b[22m' },
  faint: { on: '\x1b[2m', off: '\x1b[22m' },
  alarm: { on: '\x1b[31m', off: '\x1b[39m' },
} as const;
type Style = keyof typeof SEQUENCES;

/**
 * Emphasis is marked first and coloured last, when all else has been made printable: no text can bring colours of its
 * own.
 */
function coloured(): Ink {
  const key = randomUUID(); // in no text from outside, as it is drawn for each process
  const marked = (style: Style) => (text: string) => `<${key} ${style} on>${text}<${key} ${style} off>`;
  const mark = new RegExp(`<${key} (strong|faint|alarm) (on|off)>`, 'g');
  return {
    strong: marked('strong'),
    faint: marked('faint'),
    alarm: marked('alarm'),
    printed: (text) => printable(text).replaceAll(mark, (_, style: Style, end: 'on' | 'off') => SEQUENCES[style][end]),
  };
}

/** Colour where a person reads and does not mind: a terminal, and no NO_COLOR (no-color.org). */
export function inkFor(stream: OutputStream, env: Readonly<Record<string, string | undefined>>): Ink {
  const refused = (env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb';
  return stream.isTTY === true && !refused ? coloured() : PLAIN;
}
