import type { Command } from 'commander';
import type { Host } from '../host.ts';
import { registerExport } from '../exchange/export-schedule.ts';
import { registerImport } from '../exchange/import-schedule.ts';
import { registerResample } from '../exchange/resample-schedule.ts';

/** Adds `procache schedule`: schedules for other numbers of steps, and from and for other tools. */
export function registerSchedule(program: Command, host: Host): void {
  const command = program.command('schedule').description('Adapt a schedule to other steps, or take it from or to another tool.').helpCommand(false);
  for (const register of [registerResample, registerImport, registerExport]) register(command, host);
}
