import { join } from 'node:path';
import { MOST_THREADS } from '@procache/backend-node';
import { costOf, injectsNoise, planOf, ProCacheError, uncached } from '@procache/core';
import { openOutputFolder } from '@procache/files';
import type { Picture } from '@procache/pictures';
import { type Command, Option } from 'commander';
import { checkBelong } from '../arguments/belongs.ts';
import { addModelOptions, chooseModel, type ModelFlags } from '../arguments/model-choice.ts';
import { addSamplingOptions, chooseSampling, type SamplingFlags } from '../arguments/sampling.ts';
import { addScheduleOptions, chooseSchedule, type ScheduleFlags } from '../arguments/schedule-choice.ts';
import { noteThreads } from '../arguments/threads.ts';
import { noteUnread } from '../arguments/unread-fields.ts';
import { MOST_ROUNDS, wholeNumber } from '../arguments/values.ts';
import { compare as compareRuns, type Comparison } from '../generation/comparison.ts';
import { earlierPictures, removeEarlier } from '../generation/earlier-run.ts';
import type { Job } from '../generation/job.ts';
import { picturesOfJob, writeComparison, writeGrid, writePictures } from '../generation/picture-files.ts';
import { GRID } from '../generation/picture-names.ts';
import { resultOf, type WrittenFiles } from '../generation/result-object.ts';
import { runOnce, type TimedRun } from '../generation/run.ts';
import {
  openTensorFolders,
  tensorBytes,
  type TensorFlags,
  writeLatents,
  writeTrajectory,
} from '../generation/saved-tensors.ts';
import { conditionWarnings } from '../generation/condition-warnings.ts';
import { openChosen } from '../generation/open-chosen.ts';
import { comparisonSummary, jobLines, runSummary } from '../generation/summary-text.ts';
import type { Host } from '../host.ts';
import { type Screen, type ScreenFlags, screenOf } from '../screen.ts';
import { seconds } from '../units.ts';

interface GenerateFlags extends ModelFlags, ScheduleFlags, SamplingFlags, TensorFlags, ScreenFlags {
  readonly out: string;
  readonly compare?: boolean;
  readonly repeat?: number;
  readonly threads?: number;
  readonly memory: 'normal' | 'low';
}

/** What a model's latents are saved as where nothing decodes them. */
const LATENTS = 'latents.safetensors';

const EXAMPLES = `
Examples:
  procache generate --labels bag --seed 7
  procache generate --schedule procache-published --compare
  procache generate --schedule mine.json --json > result.json
  procache generate --model DiT-XL-2-256x256.pt --labels 207,360 --memory low`;

/** `procache generate`: draws images. */
export function defineGenerate(command: Command, host: Host): void {
  command.optionsGroup('Model:');
  addModelOptions(command);
  command.optionsGroup('Schedule:');
  addScheduleOptions(command);
  command.optionsGroup('Sampling:');
  addSamplingOptions(command);
  command
    .optionsGroup('Output:')
    .option('-o, --out <folder>', 'where the pictures go', 'procache-out')
    .option('--save-latents <file>', 'also write the tensor `latents` (safetensors)')
    .option('--save-trajectory <file>', 'also write the tensor `trajectory`: the latent after each step (safetensors)')
    .optionsGroup('Comparison:')
    .option('--compare', 'run uncached beside it, in turns, and show speed and closeness')
    .option(
      '--repeat <rounds>',
      'rounds of --compare (default: 3, or 1 where a round takes over 30 s)',
      wholeNumber(1, MOST_ROUNDS),
    )
    .optionsGroup('Machine and messages:')
    .option('--threads <n>', 'threads to compute with (default: one per processor)', wholeNumber(1, MOST_THREADS))
    .addOption(
      new Option('--memory <use>', 'low leaves the weights in the file cache, at some cost in speed')
        .choices(['normal', 'low'])
        .default('normal'),
    )
    .option('--json', 'print the result as one JSON object')
    .option('--quiet', 'print nothing but errors')
    .option('--debug', 'show where in the program an error arose')
    .addHelpText('after', EXAMPLES)
    .action((flags: GenerateFlags) => generateImages(flags, host, command.getOptionValueSource('seed') === 'cli'));
}

async function generateImages(flags: GenerateFlags, host: Host, seedGiven: boolean): Promise<void> {
  checkBelong({ '--repeat': flags.repeat }, '--compare', flags.compare === true);
  const screen = screenOf(host, flags);
  const job = await chooseJob(flags);
  if (seedGiven) checkSeed(job);
  const tensors = await openTensorFolders(job, flags);
  const folder = await openOutputFolder(flags.out, estimatedBytes(job, flags));
  try {
    noteUnread(screen, job.chosen.model);
    for (const warning of conditionWarnings(job)) screen.note(warning);
    noteThreads(screen, flags.threads);
    screen.say(jobLines(job));
    const made = await make(job, flags, { screen, signal: host.signal });
    const files = await writeFiles(job, made, flags);
    show(job, made, files, { screen, folder: flags.out });
  } catch (cause) {
    for (const opened of [folder, ...tensors]) await opened.abandon();
    throw cause;
  }
}

async function chooseJob(flags: GenerateFlags): Promise<Job> {
  const chosen = await chooseModel(flags);
  const schedule = await chooseSchedule(flags, chosen);
  return { chosen, schedule, sampling: await chooseSampling(flags, chosen, schedule.plan.steps.length) };
}

/** Refuses a seed that nothing is drawn from. */
function checkSeed({ sampling: { noiseFile, sampler, eta } }: Job): void {
  if (noiseFile === undefined || injectsNoise(sampler, eta)) return;
  const none = sampler === 'ddim' ? 'ddim adds none with --eta 0' : `${sampler} adds none`;
  throw new ProCacheError(
    'invalid-input',
    `--seed: with --noise nothing is drawn from it, as ${none}; leave one of the two out`,
  );
}

interface Made {
  readonly run: TimedRun;
  readonly comparison: Comparison | undefined;
  /** The latent after each step, where it was asked for. */
  readonly trajectory: readonly Float32Array[];
}

async function make(
  job: Job,
  flags: GenerateFlags,
  { screen, signal }: { readonly screen: Screen; readonly signal: AbortSignal },
): Promise<Made> {
  const { chosen, schedule, sampling } = job;
  const trajectory: Float32Array[] = [];
  const onLatent = (latent: Float32Array) => {
    if (flags.saveTrajectory !== undefined) trajectory.push(latent.slice());
  };
  // In another thread, so that Ctrl-C and the progress bar need not wait for ONNX Runtime.
  const { threads, memory } = flags;
  const transformer = await openChosen(chosen, { thread: 'worker', threads, memory });
  try {
    const setting = { transformer, sampling, signal, screen };
    if (!flags.compare)
      return {
        run: await runOnce(setting, schedule.plan, { label: 'generate', onLatent }),
        comparison: undefined,
        trajectory,
      };
    const plain = planOf(uncached({ steps: sampling.steps.count }), transformer.topology);
    const comparison = await compareRuns(setting, chosen.model, {
      cached: schedule.plan,
      uncached: plain,
      rounds: flags.repeat,
      onLatent,
    });
    return { run: comparison.cached, comparison, trajectory };
  } finally {
    await transformer.dispose();
  }
}

async function writeFiles(
  job: Job,
  { run, comparison, trajectory }: Made,
  flags: GenerateFlags,
): Promise<WrittenFiles> {
  const pictures = picturesOfJob(job, run.latents);
  const latents = flags.saveLatents ?? (pictures.length === 0 ? join(flags.out, LATENTS) : undefined);
  if (latents !== undefined) await writeLatents(job, run.latents, latents);
  if (flags.saveTrajectory !== undefined) await writeTrajectory(job, trajectory, flags.saveTrajectory);
  const written = await writeAllPictures(job, pictures, comparison, flags.out);
  return {
    ...written,
    ...(latents !== undefined && { latents }),
    ...(flags.saveTrajectory !== undefined && { trajectory: flags.saveTrajectory }),
  };
}

/**
 * Writes the pictures, and removes those that an earlier run left there: the folder then holds the pictures of this
 * one.
 */
async function writeAllPictures(
  job: Job,
  pictures: readonly Picture[],
  comparison: Comparison | undefined,
  folder: string,
): Promise<WrittenFiles> {
  const earlier = await earlierPictures(folder);
  const paths = await writePictures(job, pictures, folder);
  const compare = comparison && pictures.length > 0 ? await writeComparison(job, comparison, folder) : undefined;
  const grid = pictures.length > 0 ? join(folder, GRID) : undefined;
  // Before the grid, which says what there is to remove: a run that is killed in between leaves that to the next.
  const removed = await removeEarlier(
    earlier,
    new Set([...paths, ...[compare, grid].filter((path) => path !== undefined)]),
  );
  if (grid !== undefined) await writeGrid(job, pictures, grid);
  return {
    pictures: paths,
    ...(grid !== undefined && { grid }),
    ...(compare !== undefined && { compare }),
    ...(removed.length > 0 && { removed }),
  };
}

function show(
  job: Job,
  { run, comparison }: Made,
  files: WrittenFiles,
  { screen, folder }: { readonly screen: Screen; readonly folder: string },
): void {
  const cost = costOf(
    job.schedule.plan,
    job.chosen.model.cost,
    job.sampling.conditions.length * (job.sampling.guidance ? 2 : 1),
  );
  const { pictures, grid, removed = [] } = files;
  screen.say(`\n${runSummary(run, screen.ink)}`);
  if (comparison) screen.say(comparisonSummary(comparison, job.schedule.name, cost, screen.ink));
  else
    screen.say(`  ${screen.ink.strong(seconds(run.milliseconds))} wall clock, the loading of the weights included\n`);
  if (grid === undefined)
    screen.say("This model's latents cannot be decoded to pictures yet, so they are saved as they are.");
  for (const file of [files.compare, grid, files.latents, files.trajectory]) if (file !== undefined) screen.say(file);
  if (pictures.length > 0)
    screen.say(`${pictures[0]!}${pictures.length > 1 ? ` and ${pictures.length - 1} more` : ''}`);
  if (removed.length > 0)
    screen.say(
      `${removed.length} ${removed.length === 1 ? 'picture' : 'pictures'} of an earlier run removed from ${folder}`,
    );
  screen.report(resultOf(job, run, cost, files, comparison));
}

/** A little more than all files can come to: pixels hardly compress, and a grid enlarges them. */
function estimatedBytes(job: Job, flags: TensorFlags): number {
  const { channels, height, width } = job.chosen.model.latent;
  return 65536 + 64 * job.sampling.conditions.length * channels * height * width + tensorBytes(job, flags);
}
