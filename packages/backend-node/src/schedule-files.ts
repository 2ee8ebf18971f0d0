import { basename } from 'node:path';
import { parseScheduleText, type Schedule } from '@procache/core';
import { readRegularText } from '@procache/files';
import type { ScheduleShelf } from '@procache/pipeline';

/** Bytes of the longest schedule that is read: letters and legends of the most steps come to far less. */
const LONGEST = 64 * 2 ** 20;

/** Reads a schedule file. What is wrong with it is said with its name, and the place in it. */
export async function readSchedule(path: string, place: string = path): Promise<Schedule> {
  const what = 'a schedule file, or a method such as fora-3';
  return parseScheduleText(await readRegularText(path, { most: LONGEST, place, what }), basename(path));
}

/** Whether the name of a schedule is a path: methods and names that ship with a model are plain words. */
export function isSchedulePath(name: string): boolean {
  return /[\\/.]/.test(name);
}

/** Schedules in files: those that ship with a model, by name, and every path. */
export function scheduleFiles(shipped: Readonly<Record<string, string>> = {}): ScheduleShelf {
  return {
    names: Object.keys(shipped),
    read: async (name, place) => {
      const path = Object.hasOwn(shipped, name) ? shipped[name]! : isSchedulePath(name) ? name : undefined;
      return path === undefined ? undefined : readSchedule(path, place);
    },
  };
}
