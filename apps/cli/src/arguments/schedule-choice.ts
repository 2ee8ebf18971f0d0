import { basename } from 'node:path';
import {
  byName,
  checkSchedule,
  isMethod,
  MAX_STEPS,
  METHOD_NAMES,
  methodsTaking,
  nearest,
  parseScheduleText,
  type Plan,
  ProCacheError,
  type Schedule,
} from '@procache/core';
import { shownName } from '@procache/core/untrusted';
import { readRegularText } from '@procache/files';
import type { Command } from 'commander';
import type { KnownModel } from './model-choice.ts';
import { numberWithin, wholeNumber } from './values.ts';

/** The options that say which schedule is meant. */
export interface ScheduleFlags {
  readonly schedule?: string;
  readonly steps?: number;
  readonly pattern?: string;
  readonly ratio?: number;
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

/**
 * A schedule with its name beside what it says; that makes it another kind of object than the one whose schema its
 * file may name.
 */
export type NamedSchedule = { readonly name: string } & Omit<Schedule, '$schema'>;

export function namedSchedule({ name, schedule }: ChosenSchedule): NamedSchedule {
  const members = Object.entries(schedule).filter(([key]) => key !== '$schema');
  return { name, ...(Object.fromEntries(members) as unknown as Omit<Schedule, '$schema'>) };
}

/** Reads or makes the schedule, and checks that it fits the model. */
export async function chooseSchedule(
  flags: ScheduleFlags,
  chosen: KnownModel,
  option: string = '--schedule',
): Promise<ChosenSchedule> {
  const asked = flags.schedule ?? 'uncached';
  const { topology } = chosen.model;
  const schedule = await scheduleNamed(asked, flags, chosen, option);
  return { name: basename(asked).replace(/\.json$/, ''), schedule, plan: checkSchedule(schedule, topology) };
}

/**
 * The schedule of that name: a file, one that ships with the model, or a method. `option` is what messages name it
 * by, if by any.
 */
export async function scheduleNamed(
  asked: string,
  flags: ScheduleFlags,
  chosen: KnownModel,
  option?: string,
): Promise<Schedule> {
  const { steps } = flags;
  const place = option === undefined ? shownName(asked) : `${option} ${shownName(asked)}`;
  const shipped = Object.hasOwn(chosen.schedules, asked) ? chosen.schedules[asked] : undefined;
  const file = shipped ?? (isPath(asked) ? asked : undefined);
  if (file === undefined) {
    if (isMethod(asked)) return methodOf(asked, flags, chosen, place);
    throw unknownSchedule(asked, chosen, option);
  }
  checkMade(asked, flags);
  const schedule = await readSchedule(file, place);
  const { length } = schedule.pattern;
  if (steps === undefined || steps === length) return schedule;
  throw new ProCacheError(
    'invalid-input',
    `--steps ${steps}: the schedule ${shownName(asked)} has ${length} steps; ` +
      `leave this out, or make another of it with: procache schedule resample`,
  );
}

/** The steps that a method has where neither the user nor the zoo says. */
const USUAL_STEPS = 50;

function methodOf(
  name: string,
  { steps, pattern, ratio }: ScheduleFlags,
  { model, recommended }: KnownModel,
  named: string,
): Schedule {
  const count = steps ?? pattern?.length ?? recommended?.steps ?? USUAL_STEPS;
  try {
    return byName(name, model.topology, count, {
      ...(pattern !== undefined && { pattern }),
      ...(ratio !== undefined && { ratio }),
    });
  } catch (cause) {
    if (!(cause instanceof ProCacheError)) throw cause;
    const place = /^(?:pattern|ratio|steps)\b/.test(cause.message) ? '--' : `${named}: `;
    throw new ProCacheError(cause.code, `${place}${cause.message}`, { cause });
  }
}

/** Refuses options of methods where there is a schedule already. */
function checkMade(asked: string, flags: ScheduleFlags): void {
  for (const option of ['pattern', 'ratio'] as const) {
    if (flags[option] === undefined) continue;
    throw new ProCacheError(
      'invalid-input',
      `--${option} belongs to the methods ${methodsTaking(option).join(', ')}, and ${shownName(asked)} is a ` +
        `schedule already; leave it out`,
    );
  }
}

/** What there is instead: what ships with the model, and methods, both nearest first. */
function unknownSchedule(asked: string, { name, schedules }: KnownModel, option: string | undefined): ProCacheError {
  const bare = (text: string): string => text.slice(0, 80).replace(/<\w+>|\d+/g, '0');
  const sorted = (names: readonly string[]): string => {
    const order = nearest(bare(asked), names.map(bare));
    return [...names].sort((a, b) => order.indexOf(bare(a)) - order.indexOf(bare(b))).join(', ');
  };
  const shipped = Object.keys(schedules);
  const ships = shipped.length > 0 ? `with ${name} ship ${sorted(shipped)}` : `none ships with ${shownName(name)}`;
  return new ProCacheError(
    'invalid-input',
    `${option === undefined ? '' : `${option}: `}there is no schedule '${shownName(asked)}'; ${ships}; ` +
      `methods are ${sorted(METHOD_NAMES)}; a file is named by its path (./mine.json)`,
  );
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
