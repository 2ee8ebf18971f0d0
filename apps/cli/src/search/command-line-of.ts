import type { Command } from 'commander';

/** What was typed, as one would type it again. */
export interface CommandLine {
  readonly text: string;
  /** The same with an option more, if it is not there. */
  with(option: string): string;
}

export function commandLineOf({ parent }: Command): CommandLine {
  const { rawArgs } = parent as Command & { readonly rawArgs: readonly string[] };
  return { text: quoted(rawArgs), with: (option) => quoted(rawArgs.includes(option) ? rawArgs : [...rawArgs, option]) };
}

function quoted(words: readonly string[]): string {
  return [
    'procache',
    ...words.map((word) => (/^[\w.,:/@=-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)),
  ].join(' ');
}
