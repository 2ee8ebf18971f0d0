import type { Host } from './host.ts';
import type { TerminalStream } from './pictures/progress-bar.ts';

/** Emphasis for text in a terminal. */
export interface Ink {
  strong(text: string): string;
  faint(text: string): string;
  alarm(text: string): string;
}

const PLAIN: Ink = { strong: (text) => text, faint: (text) => text, alarm: (text) => text };

const ANSI: Ink = {
  strong: (text) => `\x1b[1m${text}\x1b[22m`,
  faint: (text) => `\x1b[2m${text}\x1b[22m`,
  alarm: (text) => `\x1b[31m${text}\x1b[39m`,
};

/** Colour where a person reads and does not mind: a terminal, and no NO_COLOR (no-color.org). */
export function inkFor(stream: TerminalStream, env: Host['env']): Ink {
  const refused = (env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb';
  return stream.isTTY === true && !refused ? ANSI : PLAIN;
}
