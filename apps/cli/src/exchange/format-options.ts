import { ProCacheError } from '@procache/core';
import { type Direction, type Format, FORMATS } from '@procache/search';
import { type Command, Option } from 'commander';
import { checkBelong } from '../arguments/belongs.ts';

/** The options that say how another tool writes a schedule. */
export interface FormatFlags {
  readonly format: Format;
  readonly direction?: Direction;
}

/** Adds them; `formats` says what each of the formats is. */
export function addFormatOptions(command: Command, formats: string): Command {
  const ends: readonly Direction[] = ['noisiest-first', 'cleanest-first'];
  return command
    .addOption(new Option('-f, --format <format>', formats).choices(FORMATS).makeOptionMandatory())
    .addOption(new Option('--direction <end>', 'of a list of 0, 1 and 2: at which end it begins').choices(ends));
}

/** Refuses a direction of what has none, and lists without one. */
export function checkDirection({ format, direction }: FormatFlags): void {
  checkBelong({ '--direction': direction }, '--format list', format === 'list');
  if (format !== 'list' || direction) return;
  throw new ProCacheError(
    'invalid-input',
    '--direction: lists of 0, 1 and 2 are written both ways round; ' +
      'say noisiest-first (the first number is the first step taken) or cleanest-first',
  );
}
