import type { Command } from 'commander';
import type { Host } from '../host.ts';
import { registerExport } from '../exchange/export-schedule.ts';
import { registerImport } from '../exchange/import-schedule.ts';
import { registerResample } from '../exchange/resample-schedule.ts';

/** `procache schedule`: schedules for other numbers of steps, and from and for other tools. */
export function defineSchedule(command: Command, host: Host): void {
  for (const register of [registerResample, registerImport, registerExport]) register(command, host);
}
