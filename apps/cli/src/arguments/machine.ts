import { availableParallelism } from 'node:os';
import { MOST_THREADS } from '@procache/backend-node';
import { type Command, Option } from 'commander';
import { addScreenOptions, type Screen, type ScreenFlags } from '../screen.ts';
import { wholeNumber } from './values.ts';

/** The options that say what is computed with, and what is said of it. */
export interface MachineFlags extends ScreenFlags {
  readonly threads?: number;
  readonly memory: 'normal' | 'low';
}

export function addMachineOptions(command: Command): Command {
  command
    .optionsGroup('Machine and messages:')
    .option('--threads <n>', 'threads to compute with (default: one per processor)', wholeNumber(1, MOST_THREADS))
    .addOption(memoryOption());
  return addScreenOptions(command, RESULT);
}

/** What the options of the screen say where a command computes. */
export const RESULT = { json: 'print the result as one JSON object', quiet: 'print nothing but errors' } as const;

export function memoryOption(): Option {
  return new Option('--memory <use>', 'low leaves the weights in the file cache, at some cost in speed')
    .choices(['normal', 'low'])
    .default('normal');
}

/** Says so where more threads are asked for than there are processors for them. */
export function noteThreads(screen: Screen, threads: number | undefined): void {
  const processors = availableParallelism();
  if (threads === undefined || threads <= processors) return;
  screen.note(
    `note: --threads ${threads} is more than this process may use processors (${processors}); one for each is faster`,
  );
}
