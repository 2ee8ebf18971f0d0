import { formatSchedule, MAX_STEPS } from '@procache/core';
import { resample } from '@procache/search';
import type { Command } from 'commander';
import { readSchedule } from '../arguments/schedule-choice.ts';
import { wholeNumber } from '../arguments/values.ts';
import type { Host } from '../host.ts';
import { handOver, type OutputFlags } from './schedule-output.ts';

interface ResampleFlags extends OutputFlags {
  readonly steps: number;
}

/** Adds `procache schedule resample`. */
export function registerResample(command: Command, host: Host): void {
  command
    .command('resample')
    .description('Adapt a schedule to another number of steps. Nobody has tested the result there.')
    .argument('<file>', 'a schedule file')
    .requiredOption('-n, --steps <n>', 'how many steps it is to have', wholeNumber(1, MAX_STEPS))
    .option('-o, --out <file>', 'where it goes (default: standard output)')
    .option('--json', 'print the schedule and what there is to know of it as one JSON object')
    .option('--quiet', 'print nothing but errors and the schedule')
    .option('--debug', 'show where in the program an error arose')
    .action(async (file: string, flags: ResampleFlags) => {
      const schedule = await readSchedule(file);
      const resampled = resample(schedule, flags.steps);
      const notes = resampled === schedule ? [] : [untested(schedule.pattern.length, flags.steps)];
      await handOver({ text: formatSchedule(resampled), object: { schedule: resampled } }, flags, host, notes);
    });
}

function untested(from: number, to: number): string {
  return `untested. It was made for ${from} steps, and nobody has measured it at ${to}; measure it with generate --compare, or search for ${to} steps`;
}
