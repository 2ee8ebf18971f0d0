import { isSchedulePath, readSchedule, scheduleFiles } from '@procache/backend-node';
import { formatSchedule, MAX_STEPS, type Schedule } from '@procache/core';
import { findSchedule } from '@procache/pipeline';
import { computedStepsOf, resample } from '@procache/search';
import { type Command, Option } from 'commander';
import { checkBelong } from '../arguments/belongs.ts';
import { addModelOptions, type ChosenModel, chooseModel, type ModelFlags } from '../arguments/model-choice.ts';
import { asFlag } from '../arguments/naming.ts';
import { wholeNumber } from '../arguments/values.ts';
import type { Host } from '../host.ts';
import { addOutputOptions, handOver, type OutputFlags } from './schedule-output.ts';

const KEEPS = ['count', 'share'] as const;

interface ResampleFlags extends ModelFlags, OutputFlags {
  readonly steps: number;
  readonly keep: (typeof KEEPS)[number];
}

const EXAMPLES = `
Examples:
  procache schedule resample found-17.json --steps 30
  procache schedule resample searched-17 --steps 30 --keep share
  procache schedule resample procache-published --steps 20`;

/** Adds `procache schedule resample`. */
export function registerResample(command: Command, host: Host): void {
  const own = command
    .command('resample')
    .description('Adapt a schedule to another number of steps. Nobody has tested the result there.')
    .argument(
      '<schedule>',
      'a schedule file, one that ships with the model, or a method, which is made for its usual steps first',
    );
  addModelOptions(own)
    .requiredOption('-n, --steps <n>', 'how many steps it is to have', wholeNumber(1, MAX_STEPS))
    .addOption(
      new Option('--keep <what>', 'of the computed steps: how many they are, or which share of all steps they are')
        .choices(KEEPS)
        .default('count'),
    );
  addOutputOptions(own, 'the schedule and what there is to know of it')
    .addHelpText('after', EXAMPLES)
    .action((asked: string, flags: ResampleFlags) => {
      const given = (name: string): unknown => (own.getOptionValueSource(name) === 'cli' ? name : undefined);
      const which = { '--model': given('model'), '--num-heads': given('numHeads') };
      const ofModel = { ...which, '--family': given('family'), '--config': given('config') };
      checkBelong(ofModel, 'methods and names that ship with a model', !isSchedulePath(asked));
      return resampleSchedule(asked, flags, host);
    });
}

async function resampleSchedule(asked: string, flags: ResampleFlags, host: Host): Promise<void> {
  const schedule = isSchedulePath(asked) ? await readSchedule(asked) : await ofModel(asked, await chooseModel(flags));
  const { steps, keep } = flags;
  const resampled = resample(schedule, steps, { keep });
  const computed = { before: computedStepsOf(schedule).length, now: computedStepsOf(resampled).length };
  const notes = resampled === schedule ? [] : notesOf(computed, { before: schedule.pattern.length, now: steps }, keep);
  await handOver({ text: formatSchedule(resampled), object: { schedule: resampled, computed }, notes }, flags, host);
}

function ofModel(asked: string, chosen: ChosenModel): Promise<Schedule> {
  return findSchedule(asked, {}, chosen, { shelf: scheduleFiles(chosen.schedules), spell: asFlag });
}

interface BeforeAndNow {
  readonly before: number;
  readonly now: number;
}

function notesOf(computed: BeforeAndNow, steps: BeforeAndNow, keep: ResampleFlags['keep']): readonly string[] {
  const share = (when: keyof BeforeAndNow): number => Math.round((100 * computed[when]) / steps[when]);
  const other = keep === 'count' ? '--keep share keeps the share' : '--keep count keeps their number';
  return [
    `untested. It was made for ${steps.before} steps, and nobody has measured it at ${steps.now}; ` +
      `measure it with generate --compare, or search for ${steps.now} steps`,
    `${computed.before} of ${steps.before} computed, now ${computed.now} of ${steps.now}: ${share('before')} % of ` +
      `the steps, now ${share('now')} %; ${other}`,
  ];
}
