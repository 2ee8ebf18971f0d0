import { writeWhole } from '@procache/files';
import { wrapText } from '@procache/text';
import type { Command } from 'commander';
import type { Host } from '../host.ts';
import { addScreenOptions, type ScreenFlags, screenOf } from '../screen.ts';

export interface OutputFlags extends ScreenFlags {
  readonly out?: string;
}

/** Adds the options of where a schedule goes; `printed` is what `--json` prints. */
export function addOutputOptions(command: Command, printed: string): Command {
  command.option('-o, --out <file>', 'where it goes (default: standard output)');
  const quiet = 'print nothing but errors and the schedule';
  return addScreenOptions(command, { json: `print ${printed} as one JSON object`, quiet });
}

/** What a command has made: as a file holds it, for programs, and what people should know of it. */
export interface MadeSchedule {
  readonly text: string;
  readonly object: object;
  readonly notes: readonly string[];
}

/**
 * Writes what a command has made to a file, or to standard output. What people should know goes to standard error, and
 * with --json into the object.
 */
export async function handOver(
  { text, object, notes }: MadeSchedule,
  { out, ...flags }: OutputFlags,
  host: Host,
): Promise<void> {
  const screen = screenOf(host, flags);
  if (out !== undefined) await writeWhole(out, text);
  if (flags.json) {
    screen.report({ ...object, ...(out !== undefined && { file: out }), notes });
    return;
  }
  for (const note of notes) screen.note(wrapText(`note: ${note}`, 78).join('\n  '));
  if (out === undefined) host.stdout.writeJson(text);
  else screen.say(out);
}
