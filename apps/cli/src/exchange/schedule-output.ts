import { writeWhole } from '@procache/files';
import { wrapText } from '@procache/pictures/wrap';
import type { Host } from '../host.ts';
import { type ScreenFlags, screenOf } from '../screen.ts';

export interface OutputFlags extends ScreenFlags {
  readonly out?: string;
}

/** What a command has made: as a file holds it, and for programs. */
export interface MadeSchedule {
  readonly text: string;
  readonly object: object;
}

/**
 * Writes what a command has made to a file, or to standard output. What people should know goes to standard error, and
 * with --json into the object.
 */
export async function handOver(
  { text, object }: MadeSchedule,
  { out, ...flags }: OutputFlags,
  host: Host,
  notes: readonly string[] = [],
): Promise<void> {
  const screen = screenOf(host, flags);
  if (out !== undefined) await writeWhole(out, text);
  if (flags.json) {
    screen.report({ ...object, ...(out !== undefined && { file: out }), notes });
    return;
  }
  for (const note of notes) screen.note(wrapText(`note: ${note}`, 78, (line) => line.length).join('\n  '));
  if (out === undefined) host.stdout.writeJson(text);
  else screen.say(out);
}
