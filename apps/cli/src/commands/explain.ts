import {
  costOf,
  describe,
  formatSchedule,
  hoist,
  letterCosts,
  letterCounts,
  planLegend,
  ProCacheError,
} from '@procache/core';
import { writeWhole } from '@procache/files';
import { modelOfShape, SHAPE_NAMES } from '@procache/model';
import { hoistsPlans } from '@procache/ort';
import { checkedConditions, scaleOf } from '@procache/pipeline';
import { type Command, Option } from 'commander';
import {
  askedConditions,
  checkBatch,
  collected,
  type ConditionFlags,
  conditionOption,
} from '../arguments/conditions.ts';
import { checkOutputs } from '../arguments/inputs.ts';
import {
  addModelOptions,
  addSizeOptions,
  chooseModel,
  type NamedModel,
  type ModelFlags,
} from '../arguments/model-choice.ts';
import { asFlag } from '../arguments/naming.ts';
import { addScheduleOptions, chooseSchedule, namedSchedule, type ScheduleFlags } from '../arguments/schedule-choice.ts';
import { MOST_IMAGES, numberWithin, wholeNumber } from '../arguments/values.ts';
import { type Explained, explanation } from '../explanation.ts';
import type { Host } from '../host.ts';
import { addScreenOptions, type ScreenFlags, screenOf } from '../screen.ts';

interface ExplainFlags extends ModelFlags, ScheduleFlags, ConditionFlags, ScreenFlags {
  readonly shape?: string;
  readonly images?: number;
  readonly guidance?: number;
  readonly save?: string;
}

const EXAMPLES = `
Examples:
  procache explain --schedule procache-published
  procache explain --schedule mine.json --model ./DiT-XL-2-256 --images 4
  procache explain --schedule fora-3 --shape dit-xl/2
  procache explain --schedule fora-3 --steps 20 --save fora-3.json`;

/** `procache explain`: shows what a schedule would do. */
export function defineExplain(command: Command, host: Host): void {
  command.optionsGroup('Model:');
  addSizeOptions(addModelOptions(command)).addOption(
    new Option('--shape <size>', `a published size instead, without its weights: ${SHAPE_NAMES.join(', ')}`).conflicts([
      'model',
      'numHeads',
      'family',
      'config',
    ]),
  );
  command.optionsGroup('Schedule:');
  addScheduleOptions(command);
  command
    .optionsGroup('Batch:')
    .option('-l, --labels <list>', 'as for generate: their number counts')
    .option('-p, --prompt <text>', 'likewise; may be repeated', collected)
    .option('--prompts <file>', 'likewise')
    .option('--images <n>', 'how many images (default: 1)', wholeNumber(1, MOST_IMAGES))
    .option('-g, --guidance <scale>', 'as for generate: 1 halves the batch', numberWithin(0))
    .optionsGroup('Output:')
    .option('--save <file>', 'also write the schedule to a file, to be changed or shared');
  addScreenOptions(command, { json: 'print the explanation as one JSON object' })
    .addHelpText('after', EXAMPLES)
    .action((flags: ExplainFlags) => explain(flags, host));
}

async function explain(flags: ExplainFlags, host: Host): Promise<void> {
  const screen = screenOf(host, flags);
  const chosen = flags.shape === undefined ? await modelApart(flags) : await shapeOf(flags.shape);
  const schedule = await chooseSchedule(flags, chosen);
  const images = await imagesOf(flags, chosen);
  const batch = images * (scaleOf(flags.guidance, chosen, asFlag) === 1 ? 1 : 2);
  const followed = hoistsPlans(chosen.model) ? hoist(schedule.plan) : schedule.plan; // as a transformer would follow it
  const cost = costOf(followed, chosen.model.cost, batch);
  const letters = letterCosts(followed, chosen.model.cost, batch);
  const explained = { chosen, schedule, cost, letters, images, batch };
  if (flags.save !== undefined) await writeWhole(flags.save, formatSchedule(schedule.schedule));
  screen.say(explanation(explained, screen.ink));
  if (flags.save !== undefined) screen.say(`\n${flags.save}`);
  screen.report(explanationObject(explained));
}

/** A published size, as a model without weights. */
async function shapeOf(name: string): Promise<NamedModel> {
  const model = await modelOfShape(name);
  return { name: `${name.toLowerCase()} (published size)`, model, recommended: undefined, schedules: {} };
}

/** The model that is asked for, when the schedule is not to be written over one of its files. */
async function modelApart(flags: ExplainFlags): Promise<NamedModel> {
  const chosen = await chooseModel(flags);
  await checkOutputs({ '--save': flags.save }, chosen, flags);
  return chosen;
}

async function imagesOf(flags: ExplainFlags, chosen: NamedModel): Promise<number> {
  const { images } = flags;
  const asked = await askedConditions(flags, chosen);
  if (asked === undefined) return images ?? 1;
  const option = conditionOption(chosen);
  if (images !== undefined) {
    const problem = `${option} and --images both say how many images there are; leave one out`;
    throw new ProCacheError('invalid-input', problem);
  }
  const { takes } = chosen.model;
  const count = takes.kind === 'texts' ? asked.length : checkedConditions(asked, chosen, { place: option }).length;
  checkBatch(count, chosen);
  return count;
}

/** What `procache explain --json` prints. Bytes and multiply-adds are those of the whole batch. */
function explanationObject({ chosen, schedule: named, cost, letters, images, batch }: Explained): object {
  const { name, model } = chosen;
  const { schedule, plan } = named;
  const fingerprint = 'fingerprint' in chosen ? chosen.fingerprint : null;
  const { steps, ...totals } = cost;
  return {
    model: { name, family: model.family, flavour: model.flavour, fingerprint, parameters: model.parameters },
    schedule: namedSchedule(named),
    steps: steps.length,
    images,
    batch,
    letters: Object.fromEntries(letterCounts(schedule.pattern)),
    plan: describe(plan).split('\n'),
    legend: planLegend(plan).split('\n'),
    cost: { letters, ...totals },
  };
}
