import { basename } from 'node:path';
import { scheduleFiles } from '@procache/backend-node';
import { checkSchedule, MAX_STEPS, METHOD_NAMES, type Plan, type Schedule } from '@procache/core';
import { type AskedMethod, findSchedule } from '@procache/pipeline';
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
      "how many steps to take (default: those of the schedule file, else the model's own, else 50)",
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
  const context = { shelf: scheduleFiles(chosen.schedules), spell: asFlag, option };
  const schedule = await findSchedule(asked, flags, chosen, context);
  return {
    name: basename(asked).replace(/\.json$/, ''),
    schedule,
    plan: checkSchedule(schedule, chosen.model.topology),
  };
}
