import { MAX_STEPS } from '@procache/core';
import { checkApart } from '@procache/files';
import type { Direction } from '@procache/search';
import { type Command, Option } from 'commander';
import { checkBelong } from '../arguments/belongs.ts';
import { addModelOptions, chooseModel, type ModelFlags } from '../arguments/model-choice.ts';
import { chooseSchedule } from '../arguments/schedule-choice.ts';
import { wholeNumber } from '../arguments/values.ts';
import type { Host } from '../host.ts';
import { exportText, type Format, FORMATS, importText, lossesOf } from './formats.ts';
import { handOver, type OutputFlags } from './schedule-output.ts';

interface ExportFlags extends ModelFlags, OutputFlags {
  readonly format: Format;
  readonly direction?: Direction;
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
  addModelOptions(own)
    .addOption(
      new Option(
        '-f, --format <format>',
        'ECAD or SmoothCache JSON, a mask of steps, cache-dit bins, or a list of 0, 1 and 2',
      )
        .choices(FORMATS)
        .makeOptionMandatory(),
    )
    .addOption(
      new Option('--direction <end>', 'of a list of 0, 1 and 2: at which end it begins').choices([
        'noisiest-first',
        'cleanest-first',
      ]),
    )
    .option('-n, --steps <n>', 'of a method: how many steps (default: 50)', wholeNumber(1, MAX_STEPS))
    .option('-o, --out <file>', 'where it goes (default: standard output)')
    .option('--json', 'print the text of the other tool and what it leaves out as one JSON object')
    .option('--quiet', 'print nothing but errors and the schedule')
    .option('--debug', 'show where in the program an error arose')
    .addHelpText('after', EXAMPLES)
    .action((asked: string, flags: ExportFlags) => exportSchedule(asked, flags, host));
}

async function exportSchedule(asked: string, flags: ExportFlags, host: Host): Promise<void> {
  checkBelong({ '--direction': flags.direction }, '--format list', flags.format === 'list');
  const chosen = await chooseModel(flags);
  await checkApart({ '--out': flags.out }, { 'a file of the model': chosen.files });
  const { topology } = chosen.model;
  const { format, direction, steps } = flags;
  const { schedule, name } = await chooseSchedule({ schedule: asked, ...(steps !== undefined && { steps }) }, chosen);
  const particulars = { topology, direction, name };
  const text = exportText(schedule, format, particulars);
  const back = await importText(text, format, { ...particulars, reuse: {} });
  await handOver({ text, object: { format, text } }, flags, host, lossesOf(schedule, back.schedule));
}
