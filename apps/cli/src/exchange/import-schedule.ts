import { basename } from 'node:path';
import { checkSchedule, FORECAST_RULES, type ForecastRule, formatSchedule, MAX_ORDER } from '@procache/core';
import { checkApart, readRegularText } from '@procache/files';
import type { Direction } from '@procache/search';
import { type Command, Option } from 'commander';
import { checkBelong } from '../arguments/belongs.ts';
import { addModelOptions, chooseModel, type ModelFlags } from '../arguments/model-choice.ts';
import { wholeNumber } from '../arguments/values.ts';
import type { Host } from '../host.ts';
import { type Format, FORMATS, importText } from './formats.ts';
import { handOver, type OutputFlags } from './schedule-output.ts';

interface ImportFlags extends ModelFlags, OutputFlags {
  readonly format: Format;
  readonly direction?: Direction;
  readonly forecast?: number;
  readonly rule?: ForecastRule;
  readonly stack?: boolean;
}

const EXAMPLES = `
Examples:
  procache schedule import smoothcache.json --format smoothcache --out mine.json
  procache schedule import mask.txt --format mask --forecast 2
  procache schedule import cache.yaml --format bins
  procache schedule import list.txt --format list --direction noisiest-first`;

/** Adds `procache schedule import`. */
export function registerImport(command: Command, host: Host): void {
  const own = command
    .command('import')
    .description('Make a schedule of what another tool writes. It is checked against the model.')
    .argument('<file>', 'the file of the other tool');
  addModelOptions(own)
    .addOption(
      new Option(
        '-f, --format <format>',
        'ECAD or SmoothCache JSON, a mask of steps, cache-dit bins or settings (JSON or YAML), or a list of 0, 1 and 2',
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
    .option(
      '--forecast <order>',
      'of masks and bins: how steps are filled in that are not computed (default: 0, plain reuse)',
      wholeNumber(0, MAX_ORDER),
    )
    .addOption(
      new Option('--rule <rule>', 'of --forecast: how features are forecast (default: lagrange)').choices(
        FORECAST_RULES,
      ),
    )
    .option('--stack', 'of masks and bins: forecast what all blocks add together, not each branch')
    .option('-o, --out <file>', 'where it goes (default: standard output)')
    .option('--json', 'print the schedule as one JSON object')
    .option('--quiet', 'print nothing but errors and the schedule')
    .option('--debug', 'show where in the program an error arose')
    .addHelpText('after', EXAMPLES)
    .action((file: string, flags: ImportFlags) => importSchedule(file, flags, host));
}

async function importSchedule(file: string, flags: ImportFlags, host: Host): Promise<void> {
  const { format, direction, forecast: order = 0, rule = 'lagrange', stack } = flags;
  checkImport(flags);
  const { model, files } = await chooseModel(flags);
  await checkApart({ '--out': flags.out }, { 'a file of the model': files });
  const { topology } = model;
  const text = await readRegularText(file, { most: MOST_BYTES, what: 'the file of the other tool' });
  const reuse = {
    ...(order > 0 && { order, forecast: rule }),
    ...(stack && { span: [0, topology.blocks.length - 1] as const }),
  };
  const { schedule, notes } = await importText(text, format, { topology, direction, reuse, name: basename(file) });
  checkSchedule(schedule, topology);
  await handOver({ text: formatSchedule(schedule), object: { schedule } }, flags, host, notes);
}

/**
 * Bytes of the longest file of another tool that is read: ECAD's take the most, some 7 MB for the most steps of DiT-XL.
 */
const MOST_BYTES = 16 * 2 ** 20;

/** Refuses options that the format has no use for. */
function checkImport({ format, direction, forecast, rule, stack }: ImportFlags): void {
  checkBelong({ '--direction': direction }, '--format list', format === 'list');
  checkBelong(
    { '--forecast': forecast, '--rule': rule, '--stack': stack },
    '--format mask and --format bins',
    format === 'mask' || format === 'bins',
  );
  checkBelong({ '--rule': rule }, '--forecast', (forecast ?? 0) > 0);
}
