import type { Command } from 'commander';
import type { Host } from './host.ts';
import type { Ink } from './ink.ts';
import { NOWHERE, type Terminal } from './terminal.ts';

/** How a command is asked to show what it has to say. */
export interface ScreenFlags {
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** Adds the options of how a command shows what it has to say; `--quiet` where there is something to leave out. */
export function addScreenOptions(
  command: Command,
  { json, quiet }: { readonly json: string; quiet?: string },
): Command {
  command.option('--json', json);
  if (quiet !== undefined) command.option('--quiet', quiet);
  return command.option('--debug', 'show where in the program an error arose');
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
  readonly progress: Terminal;
}

export function screenOf({ stdout, stderr }: Host, { json = false, quiet = false }: ScreenFlags): Screen {
  const silent = json || quiet;
  return {
    ink: stdout.ink,
    say(text) {
      if (!silent) stdout.write(`${text}\n`);
    },
    note(text) {
      if (!quiet) stderr.write(`${text}\n`);
    },
    report(value) {
      if (json) stdout.writeJson(`${JSON.stringify(value, null, 2)}\n`);
    },
    progress: quiet ? NOWHERE : stderr,
  };
}
