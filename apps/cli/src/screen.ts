import type { Host } from './host.ts';
import { type Ink, inkFor } from './ink.ts';
import type { TerminalStream } from './pictures/progress-bar.ts';

/** How a command is asked to show what it has to say. */
export interface ScreenFlags {
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** Where a command shows what it has to say. */
export interface Screen {
  readonly ink: Ink;
  /** For people, on standard output: nothing where they asked for JSON or for quiet. */
  say(text: string): void;
  /** What people should know, and programs should not read: on standard error. */
  note(text: string): void;
  /** The one machine-readable object, where it was asked for. */
  report(value: object): void;
  /** Where progress is drawn, if it is a terminal. */
  readonly progress: TerminalStream;
}

const NOWHERE: TerminalStream = { write: () => undefined };

export function screenOf({ stdout, stderr, env }: Host, { json = false, quiet = false }: ScreenFlags): Screen {
  const silent = json || quiet;
  return {
    ink: inkFor(stdout, env),
    say: (text) => silent || stdout.write(`${text}\n`),
    note: (text) => quiet || stderr.write(`${text}\n`),
    report: (value) => json && stdout.write(`${JSON.stringify(value, null, 2)}\n`),
    progress: quiet ? NOWHERE : stderr,
  };
}
