import { writeWhole } from '../files/output-files.ts';
import type { Host } from '../host.ts';
import { type ScreenFlags, screenOf } from '../screen.ts';

export interface OutputFlags extends ScreenFlags {
  readonly out?: string;
}

/** Writes what a command has made to a file, or to standard output. What people should know goes to standard error. */
export async function handOver(text: string, { out, ...flags }: OutputFlags, host: Host, notes: readonly string[] = []): Promise<void> {
  const screen = screenOf(host, flags);
  for (const note of notes) screen.note(note);
  if (out === undefined) {
    host.stdout.writeJson(text);
    return;
  }
  await writeWhole(out, text);
  screen.say(out);
}
