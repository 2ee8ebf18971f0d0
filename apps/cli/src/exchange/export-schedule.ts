import { MAX_STEPS } from '@procache/core';
import { exportText, importText, keyOf } from '@procache/search';
import type { Command } from 'commander';
import { checkOutputs } from '../arguments/inputs.ts';
import { addModelOptions, chooseModel, type ModelFlags } from '../arguments/model-choice.ts';
import { chooseSchedule } from '../arguments/schedule-choice.ts';
import { wholeNumber } from '../arguments/values.ts';
import type { Host } from '../host.ts';
import { addFormatOptions, checkDirection, type FormatFlags } from './format-options.ts';
import { addOutputOptions, handOver, type OutputFlags } from './schedule-output.ts';

interface ExportFlags extends ModelFlags, OutputFlags, FormatFlags {
  readonly steps?: number;
}

const EXAMPLES = `
Examples:
  procache schedule export found-17.json --format mask
  procache schedule export fora-3 --format ecad --out fora-3-ecad.json
  procache schedule export procache --format list --direction noisiest-first`;

/** Adds `procache schedule export`. */
export function registerExport(command: Command, host: Host): void {
  const own = command
    .command('export')
    .description('Write a schedule as another tool reads it. What that tool cannot say is refused, or named.')
    .argument('<schedule>', 'a schedule file, one that ships with the model, or a method');
  addModelOptions(own);
  addFormatOptions(own, 'ECAD or SmoothCache JSON, a mask of steps, cache-dit bins, or a list of 0, 1 and 2');
  own.option('-n, --steps <n>', 'of a method: how many steps (default: 50)', wholeNumber(1, MAX_STEPS));
  addOutputOptions(own, 'the text of the other tool and what it leaves out')
    .addHelpText('after', EXAMPLES)
    .action((asked: string, flags: ExportFlags) => exportSchedule(asked, flags, host));
}

async function exportSchedule(asked: string, flags: ExportFlags, host: Host): Promise<void> {
  checkDirection(flags);
  const chosen = await chooseModel(flags);
  await checkOutputs({ '--out': flags.out }, chosen, { ...flags, schedule: asked });
  const { format, direction, steps } = flags;
  const { schedule, name } = await chooseSchedule({ schedule: asked, ...(steps !== undefined && { steps }) }, chosen);
  const particulars = { topology: chosen.model.topology, direction, name };
  const text = exportText(schedule, format, particulars);
  const back = await importText(text, format, particulars);
  const notes =
    keyOf(schedule) === keyOf(back.schedule)
      ? []
      : ['the format cannot say all that this schedule does, only which steps do what'];
  await handOver({ text, object: { format, text }, notes }, flags, host);
}
