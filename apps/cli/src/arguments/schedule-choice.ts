import { basename } from 'node:path';
import {
  checkSchedule,
  isMethod,
  MAX_STEPS,
  METHOD_NAMES,
  parseScheduleText,
  type Plan,
  ProCacheError,
  type Schedule,
} from '@procache/core';
import { shownName } from '@procache/core/untrusted';
import { readRegularText } from '@procache/files';
import { type AskedMethod, checkMade, methodSchedule, unknownSchedule } from '@procache/pipeline';
import type { Command } from 'commander';
import type { NamedModel } from './model-choice.ts';
import { asFlag } from './naming.ts';
import { numberWithin, wholeNumber } from './values.ts';

/** The options that say which schedule is meant. */
export interface ScheduleFlags extends AskedMethod {
  readonly schedule?: string;
}

export function addScheduleOptions(command: Command): Command {
  return command
    .option(
      '-s, --schedule <schedule>',
      `a schedule file (.json), one that ships with the model (searched-17), or a method: ` +
        `${METHOD_NAMES.join(', ')} (default: uncached)`,
    )
    .option(
      '-n, --steps <n>',
      'how many steps to take (default: those of the schedule file, else 50)',
      wholeNumber(1, MAX_STEPS),
    )
    .option('--pattern <letters>', 'for the method procache: which steps compute (#) and which reuse (.)')
    .option(
      '--ratio <share>',
      'for procache, toca and duca: the share of tokens that a refresh computes',
      numberWithin(0, 1),
    );
}

/** A schedule as the user chose it, and what it comes to for a model. */
export interface ChosenSchedule {
  /** Of the method, or of the file without its extension. */
  readonly name: string;
  readonly schedule: Schedule;
  readonly plan: Plan;
}

/** A schedule with its name beside what it says, which is another kind of object than `$schema` is about. */
export type NamedSchedule = { readonly name: string } & Omit<Schedule, '$schema'>;

export function namedSchedule({ name, schedule }: ChosenSchedule): NamedSchedule {
  const said: { -readonly [Key in keyof Schedule]: Schedule[Key] } = { ...schedule };
  delete said.$schema;
  return { name, ...said };
}

/** Reads or makes the schedule, and checks that it fits the model. */
export async function chooseSchedule(
  flags: ScheduleFlags,
  chosen: NamedModel,
  option: string = '--schedule',
): Promise<ChosenSchedule> {
  const asked = flags.schedule ?? 'uncached';
  const schedule = await scheduleNamed(asked, flags, chosen, option);
  return {
    name: basename(asked).replace(/\.json$/, ''),
    schedule,
    plan: checkSchedule(schedule, chosen.model.topology),
  };
}

/**
 * The schedule of that name: a file, one that ships with the model, or a method. `option` is what messages name it
 * by, if by any.
 */
export async function scheduleNamed(
  asked: string,
  flags: AskedMethod,
  chosen: NamedModel,
  option?: string,
): Promise<Schedule> {
  const place = option === undefined ? shownName(asked) : `${option} ${shownName(asked)}`;
  const shipped = Object.hasOwn(chosen.schedules, asked) ? chosen.schedules[asked] : undefined;
  const file = shipped ?? (isPath(asked) ? asked : undefined);
  if (file !== undefined) {
    const schedule = await readSchedule(file, place);
    checkMade(flags, { name: asked, steps: schedule.pattern.length }, asFlag);
    return schedule;
  }
  if (isMethod(asked)) return methodSchedule(asked, flags, chosen, { place, spell: asFlag });
  const unknown = unknownSchedule(asked, chosen.name, Object.keys(chosen.schedules));
  const problem = `${unknown}; a file is named by its path (./mine.json)`;
  throw new ProCacheError('invalid-input', option === undefined ? problem : `${option}: ${problem}`);
}

/** Bytes of the longest schedule file: letters and legends of the most steps that there may be come to far less. */
const MOST_BYTES = 64 * 2 ** 20;

/** Reads a schedule file. What is wrong with it is said with its name, and the place in it. */
export async function readSchedule(path: string, place: string = path): Promise<Schedule> {
  const text = await readRegularText(path, {
    most: MOST_BYTES,
    place,
    what: 'a schedule file, or a method such as fora-3',
  });
  return parseScheduleText(text, basename(path));
}

/** Methods and names that ship are plain words; everything else is a path. */
export function isPath(asked: string): boolean {
  return /[\\/.]/.test(asked);
}
