import { checkDecoder, openFromHeaders } from '@procache/backend-node';
import { comparisonText, runText } from '@procache/compare';
import { costOf, ProCacheError } from '@procache/core';
import { checkSeed } from '@procache/pipeline';
import { seconds } from '@procache/text';
import type { Command } from 'commander';
import { checkBelong } from '../arguments/belongs.ts';
import { addMachineOptions, type MachineFlags, noteThreads } from '../arguments/machine.ts';
import { addCompanionOptions, type CompanionFlags, openCompanions } from '../arguments/companions.ts';
import { addModelOptions, addSizeOptions, chooseModel, type ModelFlags } from '../arguments/model-choice.ts';
import { asFlag } from '../arguments/naming.ts';
import { addSamplingOptions, chooseSampling, type SamplingFlags } from '../arguments/sampling.ts';
import { addScheduleOptions, chooseSchedule, type ScheduleFlags } from '../arguments/schedule-choice.ts';
import { noteUnread } from '../unread-fields.ts';
import { MOST_ROUNDS, wholeNumber } from '../arguments/values.ts';
import { conditionWarnings, warningText } from '../generation/condition-warnings.ts';
import { countOf, type Job, readConditions } from '../generation/job.ts';
import { type Made, makeImages } from '../generation/make-images.ts';
import { openOutput, type Output, type OutputFlags, type WrittenFiles } from '../generation/output.ts';
import { resultOf } from '../generation/result-object.ts';
import { fileLines, jobLines } from '../generation/job-lines.ts';
import { Interrupted } from '../failure.ts';
import type { Host } from '../host.ts';
import { type Screen, screenOf } from '../screen.ts';

interface GenerateFlags extends ModelFlags, CompanionFlags, ScheduleFlags, SamplingFlags, OutputFlags, MachineFlags {
  readonly compare?: boolean;
  readonly repeat?: number;
  readonly previewEvery?: number;
}

const EXAMPLES = `
Examples:
  procache generate --labels bag --seed 7
  procache generate --schedule procache-published --compare
  procache generate --schedule mine.json --json > result.json
  procache generate --model emoji-pixart --prompt "twemoji blue heart" --compare
  procache generate --model PixArt-XL-2-1024-MS --prompts my.txt --width 1280
  procache generate --model DiT-XL-2-256x256.pt --labels 207 --vae sd-vae-ft-ema`;

/** `procache generate`: draws images. */
export function defineGenerate(command: Command, host: Host): void {
  addCompanionOptions(addModelOptions(command.optionsGroup('Model:')));
  addScheduleOptions(command.optionsGroup('Schedule:'));
  addSizeOptions(addSamplingOptions(command.optionsGroup('Sampling:')));
  command
    .optionsGroup('Output:')
    .option('-o, --out <folder>', 'where the pictures go', 'procache-out')
    .option('--save-latents <file>', 'also write the tensor `latents` (safetensors)')
    .option('--save-trajectory <file>', 'also write the tensor `trajectory`: the latent after each step (safetensors)')
    .option('--preview-every <n>', 'show the clean images in preview.png after every n steps', wholeNumber(1))
    .optionsGroup('Comparison:')
    .option('--compare', 'run uncached beside it, in turns, and show speed and closeness')
    .option(
      '--repeat <rounds>',
      'rounds of --compare (default: 3, or 1 where a round takes over 30 s)',
      wholeNumber(1, MOST_ROUNDS),
    );
  addMachineOptions(command)
    .addHelpText('after', EXAMPLES)
    .action((flags: GenerateFlags) => generateImages(flags, host, command.getOptionValueSource('seed') === 'cli'));
}

async function generateImages(flags: GenerateFlags, host: Host, seedGiven: boolean): Promise<void> {
  checkBelong({ '--repeat': flags.repeat }, '--compare', flags.compare === true);
  const screen = screenOf(host, flags);
  const job = await chooseJob(flags);
  try {
    checkPreviews(flags, job);
    if (seedGiven && job.sampling.noise) checkSeed(job.sampling, '--noise', asFlag);
    await generateJob(job, flags, screen, host.signal);
  } finally {
    await job.companions.close();
  }
}

/** Refuses previews where there would be none. */
function checkPreviews({ previewEvery, compare }: GenerateFlags, { sampling, companions }: Job): void {
  if (previewEvery === undefined) return;
  const { count } = sampling.steps;
  const problem = compare
    ? '--compare times whole runs, which previews would hold up; leave one of the two out'
    : companions.preview === undefined
      ? (companions.lacking.decoder ?? 'nothing makes pictures of the latents')
      : `there are ${count} steps; ask for at most as many`;
  if (compare || companions.preview === undefined || previewEvery > count)
    throw new ProCacheError('invalid-input', `--preview-every: ${problem}`);
}

async function generateJob(job: Job, flags: GenerateFlags, screen: Screen, signal: AbortSignal): Promise<void> {
  const output = await openOutput(job, flags);
  try {
    noteUnread(screen, job.chosen.model);
    for (const warning of conditionWarnings(job)) screen.note(warning);
    noteThreads(screen, flags.threads);
    const unshown = flags.previewEvery === undefined ? undefined : job.companions.broken.preview?.message;
    if (unshown !== undefined) screen.note(warningText(`previews are not by the tiny autoencoder: ${unshown}`));
    screen.say(jobLines(job));
    const made = await make(job, flags, { screen, signal, output });
    show(job, made, await output.write(made), { screen, folder: flags.out });
  } catch (cause) {
    const written = await output.abandon();
    const isOver = signal.aborted && written !== undefined;
    throw isOver ? new Interrupted(`interrupted; of this run there is only ${written}`) : cause;
  }
}

async function chooseJob(flags: GenerateFlags): Promise<Job> {
  const chosen = await chooseModel(flags);
  const schedule = await chooseSchedule(flags, chosen);
  const companions = await openCompanions(flags, chosen);
  try {
    checkDecoder(companions, 'name another with --vae');
    const sampling = await chooseSampling(flags, chosen, schedule.plan.steps.length, companions);
    return { chosen, companions, schedule, sampling };
  } catch (cause) {
    await companions.close();
    throw cause;
  }
}

interface Making {
  readonly screen: Screen;
  readonly signal: AbortSignal;
  readonly output: Output;
}

async function make(job: Job, flags: GenerateFlags, { screen, signal, output }: Making): Promise<Made> {
  const { threads, memory, compare, repeat: rounds, saveTrajectory, previewEvery } = flags;
  const read = await readConditions(job);
  // In another thread, so that Ctrl-C and the progress bar need not wait for ONNX Runtime.
  const transformer = await openFromHeaders(job.chosen, { thread: 'worker', threads, memory });
  const kept = { keepTrajectory: saveTrajectory !== undefined, previewEvery, preview: output.preview };
  const options = { read, compare, rounds, ...kept, screen, signal };
  return makeImages(job, transformer, options).finally(() => transformer.dispose());
}

function show(
  job: Job,
  made: Made,
  files: WrittenFiles,
  { screen, folder }: { readonly screen: Screen; readonly folder: string },
): void {
  const { schedule, chosen, sampling } = job;
  const { run, comparison } = made;
  const batch = countOf(job) * (sampling.conditioning.away === undefined ? 1 : 2);
  const cost = costOf(schedule.plan, chosen.model.cost, batch);
  const { name } = schedule;
  const shown = { name, ...cost, askForRounds: '--repeat', emphasis: screen.ink };
  screen.say(`\n${runText(run.records, screen.ink)}`);
  if (comparison) screen.say(comparisonText(comparison, shown));
  else
    screen.say(`  ${screen.ink.strong(seconds(run.milliseconds))} wall clock, the loading of the weights included\n`);
  for (const line of fileLines(files, { folder, noDecoder: job.companions.lacking.decoder })) screen.say(line);
  screen.report(resultOf(job, made, cost, files));
}
