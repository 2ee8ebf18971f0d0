import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { byName, checkSchedule, METHOD_NAMES, parseScheduleText, type Plan, ProCacheError, type Schedule } from '@procache/core';
import type { Command } from 'commander';
import type { ChosenModel } from './model-choice.ts';
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
    .option('-s, --schedule <schedule>', `a schedule file (.json), one that ships with the model (searched-17), or a method: ${METHOD_NAMES.join(', ')} (default: uncached)`)
    .option('-n, --steps <n>', 'how many steps to take (default: those of the schedule file, else 50)', wholeNumber(1))
    .option('--pattern <letters>', "for the method procache: which steps compute (#) and which reuse (.)")
    .option('--ratio <share>', 'for procache, toca and duca: the share of tokens that a refresh computes', numberWithin(0, 1));
}

/** A schedule as the user chose it, and what it comes to for a model. */
export interface ChosenSchedule {
  /** Of the method, or of the file without its extension. */
  readonly name: string;
  readonly schedule: Schedule;
  readonly plan: Plan;
}

/** Reads or makes the schedule, and checks that it fits the model. */
export async function chooseSchedule(flags: ScheduleFlags, chosen: ChosenModel): Promise<ChosenSchedule> {
  const asked = flags.schedule ?? 'uncached';
  const { topology } = chosen.model;
  const file = chosen.schedules[asked] ?? (isFile(asked) ? asked : undefined);
  if (file === undefined) {
    const schedule = methodOf(asked, flags, chosen);
    return { name: asked, schedule, plan: checkSchedule(schedule, topology, flags.steps) };
  }
  if (flags.pattern !== undefined || flags.ratio !== undefined) {
    throw new ProCacheError('invalid-input', `--pattern and --ratio make the schedule of a method; ${asked} is a schedule already`);
  }
  const schedule = await readSchedule(file);
  return { name: basename(asked).replace(/\.json$/, ''), schedule, plan: checkSchedule(schedule, topology, flags.steps) };
}

/** The steps that a method has where neither the user nor the zoo says. */
const USUAL_STEPS = 50;

function methodOf(name: string, { steps, pattern, ratio }: ScheduleFlags, { model, recommended }: ChosenModel): Schedule {
  const count = steps ?? pattern?.length ?? recommended?.steps ?? USUAL_STEPS;
  return byName(name, model.topology, count, { ...(pattern !== undefined && { pattern }), ...(ratio !== undefined && { ratio }) });
}

/** Reads a schedule file. What is wrong with it is said with its name, and the place in it. */
export async function readSchedule(path: string): Promise<Schedule> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new ProCacheError('invalid-input', `there is no schedule file ${path}; give a file, or a method: ${METHOD_NAMES.join(', ')}`, { cause });
  });
  return parseScheduleText(text, basename(path));
}

/** Methods are plain words; everything else is a path. */
function isFile(asked: string): boolean {
  return /[\\/.]/.test(asked);
}
