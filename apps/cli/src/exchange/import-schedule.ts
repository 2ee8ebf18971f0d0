import { basename } from 'node:path';
import { checkSchedule, FORECAST_RULES, type ForecastRule, formatSchedule, MAX_ORDER } from '@procache/core';
import { shownName } from '@procache/core/untrusted';
import { readRegularText } from '@procache/files';
import { importText } from '@procache/search';
import { type Command, Option } from 'commander';
import { checkBelong } from '../arguments/belongs.ts';
import { checkOutputs } from '../arguments/inputs.ts';
import { addModelOptions, chooseModel, type ModelFlags } from '../arguments/model-choice.ts';
import { wholeNumber } from '../arguments/values.ts';
import type { Host } from '../host.ts';
import { addFormatOptions, checkDirection, type FormatFlags } from './format-options.ts';
import { addOutputOptions, handOver, type OutputFlags } from './schedule-output.ts';

interface ImportFlags extends ModelFlags, OutputFlags, FormatFlags {
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

const FORMAT_HELP =
  'ECAD or SmoothCache JSON, a mask of steps, cache-dit bins or settings (JSON or YAML), or a list of 0, 1 and 2';

/** Adds `procache schedule import`. */
export function registerImport(command: Command, host: Host): void {
  const own = command
    .command('import')
    .description('Make a schedule of what another tool writes. It is checked against the model.')
    .argument('<file>', 'the file of the other tool');
  const rule = new Option('--rule <rule>', 'of --forecast: how features are forecast (default: lagrange)');
  addFormatOptions(addModelOptions(own), FORMAT_HELP)
    .option(
      '--forecast <order>',
      'of masks and bins: how steps are filled in that are not computed (default: 0, plain reuse)',
      wholeNumber(0, MAX_ORDER),
    )
    .addOption(rule.choices(FORECAST_RULES))
    .option('--stack', 'of masks and bins: forecast what all blocks add together, not each branch');
  addOutputOptions(own, 'the schedule')
    .addHelpText('after', EXAMPLES)
    .action((file: string, flags: ImportFlags) => importSchedule(file, flags, host));
}

async function importSchedule(file: string, flags: ImportFlags, host: Host): Promise<void> {
  const { format, direction, forecast: order = 0, rule = 'lagrange', stack } = flags;
  checkImport(flags);
  const chosen = await chooseModel(flags);
  await checkOutputs({ '--out': flags.out }, chosen, flags);
  const { topology } = chosen.model;
  const text = await readRegularText(file, { most: MOST_BYTES, what: 'the file of the other tool' });
  const reuse = {
    ...(order > 0 && { order, forecast: rule }),
    ...(stack && { span: [0, topology.blocks.length - 1] as const }),
  };
  const advice = 'name the right one with --format';
  const particulars = { topology, direction, reuse, name: basename(file), advice };
  const { schedule, left } = await importText(text, format, particulars);
  checkSchedule(schedule, topology);
  await handOver({ text: formatSchedule(schedule), object: { schedule }, notes: leftNotes(left) }, flags, host);
}

/**
 * Bytes of the longest file of another tool that is read: ECAD's take the most, some 7 MB for the most steps of DiT-XL.
 */
const MOST_BYTES = 16 * 2 ** 20;

/** Refuses options that the format has no use for. */
function checkImport({ format, direction, forecast, rule, stack }: ImportFlags): void {
  checkBelong(
    { '--forecast': forecast, '--rule': rule, '--stack': stack },
    '--format mask and --format bins',
    format === 'mask' || format === 'bins',
  );
  checkBelong({ '--rule': rule }, '--forecast', (forecast ?? 0) > 0);
  checkDirection({ format, ...(direction && { direction }) });
}

/** Settings that a note names. */
const SHOWN_SETTINGS = 6;

/** Says which settings are not in the schedule, since a tool that is told of them would do something else. */
function leftNotes(left: readonly string[]): readonly string[] {
  if (left.length === 0) return [];
  const more = left.length > SHOWN_SETTINGS ? ` and ${left.length - SHOWN_SETTINGS} more` : '';
  const names = left.slice(0, SHOWN_SETTINGS).map((name) => shownName(name));
  return [
    `only which steps are computed is taken from the file, not ${names.join(', ')}${more}; ` +
      `--forecast, --rule and --stack say how the other steps are filled in`,
  ];
}
