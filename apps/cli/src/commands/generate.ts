import { join } from 'node:path';
import { openTransformer } from '@procache/backend-node';
import { costOf, planOf, ProCacheError, uncached } from '@procache/core';
import { type Command, Option } from 'commander';
import { addModelOptions, chooseModel, type ModelFlags } from '../arguments/model-choice.ts';
import { addSamplingOptions, chooseSampling, type SamplingFlags } from '../arguments/sampling.ts';
import { addScheduleOptions, chooseSchedule, type ScheduleFlags } from '../arguments/schedule-choice.ts';
import { wholeNumber } from '../arguments/values.ts';
import { openOutputFolder } from '../files/output-files.ts';
import { compare, type Comparison } from '../generation/comparison.ts';
import type { Job } from '../generation/job.ts';
import { picturesOfJob, writeComparison, writePictures } from '../generation/picture-files.ts';
import { resultOf, type WrittenFiles } from '../generation/result-object.ts';
import { runOnce, type TimedRun } from '../generation/run.ts';
import { checkTensorFiles, tensorBytes, type TensorFlags, writeLatents, writeTrajectory } from '../generation/saved-tensors.ts';
import { conditionWarnings } from '../generation/condition-warnings.ts';
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
    .option('--repeat <rounds>', 'rounds of --compare (default: 3, or 1 where a round takes over 30 s)', wholeNumber(1))
    .optionsGroup('Machine and messages:')
    .option('--threads <n>', 'threads to compute with (default: one per physical core)', wholeNumber(1))
    .addOption(new Option('--memory <use>', 'low leaves the weights in the file cache, at some cost in speed').choices(['normal', 'low']).default('normal'))
    .option('--json', 'print the result as one JSON object')
    .option('--quiet', 'print nothing but errors')
    .option('--debug', 'show where in the program an error arose')
    .addHelpText('after', EXAMPLES)
    .action((flags: GenerateFlags) => generateImages(flags, host));
}

async function generateImages(flags: GenerateFlags, host: Host): Promise<void> {
  if (flags.repeat !== undefined && !flags.compare) throw new ProCacheError('invalid-input', '--repeat belongs to --compare; add it, or leave this out');
  const screen = screenOf(host, flags);
  const job = await chooseJob(flags);
  await checkTensorFiles(job, flags);
  const folder = await openOutputFolder(flags.out, estimatedBytes(job, flags));
  try {
    for (const warning of conditionWarnings(job)) screen.note(warning);
    screen.say(jobLines(job));
    const made = await make(job, flags, { screen, signal: host.signal });
    const files = await writeFiles(job, made, flags);
    show(job, made, files, screen);
  } catch (cause) {
    await folder.abandon();
    throw cause;
  }
}

async function chooseJob(flags: GenerateFlags): Promise<Job> {
  const chosen = await chooseModel(flags);
  const schedule = await chooseSchedule(flags, chosen);
  return { chosen, schedule, sampling: await chooseSampling(flags, chosen, schedule.plan.steps.length) };
}

interface Made {
  readonly run: TimedRun;
  readonly comparison: Comparison | undefined;
  /** The latent after each step, where it was asked for. */
  readonly trajectory: readonly Float32Array[];
}

async function make(job: Job, flags: GenerateFlags, { screen, signal }: { readonly screen: Screen; readonly signal: AbortSignal }): Promise<Made> {
  const { chosen, schedule, sampling } = job;
  const trajectory: Float32Array[] = [];
  const onLatent = (latent: Float32Array) => {
    if (flags.saveTrajectory !== undefined) trajectory.push(latent.slice());
  };
  // In another thread, so that Ctrl-C and the progress bar need not wait for ONNX Runtime.
  const { threads, memory } = flags;
  const transformer = await openTransformer(chosen.path, { thread: 'worker', threads, memory, config: chosen.config });
  try {
    const setting = { transformer, sampling, signal, screen };
    if (!flags.compare) return { run: await runOnce(setting, schedule.plan, { label: 'generate', onLatent }), comparison: undefined, trajectory };
    const plain = planOf(uncached({ steps: sampling.steps.count }), transformer.topology);
    const comparison = await compare(setting, chosen.model, { cached: schedule.plan, uncached: plain, rounds: flags.repeat, onLatent });
    return { run: comparison.cached, comparison, trajectory };
  } finally {
    await transformer.dispose();
  }
}

async function writeFiles(job: Job, { run, comparison, trajectory }: Made, flags: GenerateFlags): Promise<WrittenFiles> {
  const pictures = picturesOfJob(job, run.latents);
  const latents = flags.saveLatents ?? (pictures.length === 0 ? join(flags.out, 'latents.safetensors') : undefined);
  if (latents !== undefined) await writeLatents(job, run.latents, latents);
  if (flags.saveTrajectory !== undefined) await writeTrajectory(job, trajectory, flags.saveTrajectory);
  const paths = pictures.length === 0 ? [] : await writePictures(job, pictures, flags.out);
  const grid = paths.at(-1);
  return {
    pictures: paths.slice(0, -1),
    ...(grid !== undefined && { grid }),
    ...(comparison && grid !== undefined && { compare: await writeComparison(job, comparison, flags.out) }),
    ...(latents !== undefined && { latents }),
    ...(flags.saveTrajectory !== undefined && { trajectory: flags.saveTrajectory }),
  };
}

function show(job: Job, { run, comparison }: Made, files: WrittenFiles, screen: Screen): void {
  const cost = costOf(job.schedule.plan, job.chosen.model.cost, job.sampling.labels.length * (job.sampling.guidance ? 2 : 1));
  screen.say(`\n${runSummary(run, screen.ink)}`);
  if (comparison) screen.say(comparisonSummary(comparison, job.schedule.name, cost, screen.ink));
  else screen.say(`  ${screen.ink.strong(seconds(run.milliseconds))} wall clock, the loading of the weights included\n`);
  if (files.grid === undefined) screen.say("This model's latents cannot be decoded to pictures yet, so they are saved as they are.");
  for (const file of [files.compare, files.grid, files.latents, files.trajectory]) if (file !== undefined) screen.say(file);
  if (files.pictures.length > 0) screen.say(`${files.pictures[0]!}${files.pictures.length > 1 ? ` and ${files.pictures.length - 1} more` : ''}`);
  screen.report(resultOf(job, run, cost, files, comparison));
}

/** A little more than all files can come to: pixels hardly compress, and a grid enlarges them. */
function estimatedBytes(job: Job, flags: TensorFlags): number {
  const { channels, height, width } = job.chosen.model.latent;
  return 65536 + 64 * job.sampling.labels.length * channels * height * width + tensorBytes(job, flags);
}
