import { availableParallelism, homedir } from 'node:os';
import { join } from 'node:path';
import { MOST_THREADS, type NodeTransformer } from '@procache/backend-node';
import { doubled, generate, MAX_STEPS, ProCacheError, samplersOf } from '@procache/core';
import { median } from '@procache/core';
import { type Command, Option } from 'commander';
import { checkBelong } from '../arguments/belongs.ts';
import { addModelOptions, type ChosenModel, chooseModel, type ModelFlags } from '../arguments/model-choice.ts';
import { chooseProcess } from '../arguments/sampling.ts';
import { chooseSchedule } from '../arguments/schedule-choice.ts';
import { noteThreads } from '../arguments/threads.ts';
import { noteUnread } from '../arguments/unread-fields.ts';
import { MOST_IMAGES, MOST_ROUNDS, numberWithin, wholeNumber } from '../arguments/values.ts';
import { peakMemory, peakOfThisProcess } from '../bench/peak-memory.ts';
import { openPlainGraph } from '../bench/plain-graph.ts';
import { type BenchResult, formatResult, resultsOf } from '../bench/report.ts';
import { syntheticModel } from '../bench/synthetic-model.ts';
import { type Contestant, generationOf, timeContestants, type Workload } from '../bench/timing.ts';
import { openChosen } from '../generation/open-chosen.ts';
import type { Host } from '../host.ts';
import { type ScreenFlags, screenOf } from '../screen.ts';
import { SHAPE_NAMES } from '../shapes/dit-shapes.ts';

interface BenchFlags extends ModelFlags, ScreenFlags {
  readonly shape?: string;
  readonly cache?: string;
  readonly schedules: string;
  readonly steps?: number;
  readonly images?: number;
  readonly guidance?: number;
  readonly rounds: number;
  readonly threads?: number;
  readonly memory: 'normal' | 'low';
  readonly plain: boolean;
  readonly peak: boolean;
  readonly only?: string;
}

/** Evaluations of the plain model after each round. */
const PLAIN_PER_ROUND = 6;
const USUAL_STEPS = 50;
const USUAL_GUIDANCE = 1.5;
/** Images of a generation; of published sizes one, which is slow enough. */
const USUAL_IMAGES = 10;

const EXAMPLES = `
Examples:
  procache bench --schedules procache-published,searched-17
  procache bench --schedules mine.json --steps 20 --rounds 5
  procache bench --shape dit-xl/2 --schedules fora-3 --memory low --no-plain`;

/** `procache bench`: wall clock, arithmetic and memory of schedules beside the uncached run. */
export function defineBench(command: Command, host: Host): void {
  command.optionsGroup('Model:');
  addModelOptions(command)
    .addOption(
      new Option(
        '--shape <size>',
        `a published size instead, with random weights: ${SHAPE_NAMES.join(', ')}`,
      ).conflicts(['model', 'numHeads', 'family', 'config']),
    )
    .option('--cache <folder>', "of --shape: where those weights are kept (default: in the user's cache folder)");
  command
    .optionsGroup('What is measured:')
    .option(
      '-s, --schedules <list>',
      'methods, names that ship with the model, and files, separated by commas',
      'procache-published',
    )
    .option(
      '-n, --steps <n>',
      "how many steps each takes (default: the zoo's advice, else 50)",
      wholeNumber(1, MAX_STEPS),
    )
    .option('--images <n>', 'images per generation (default: 10, or 1 of --shape)', wholeNumber(1, MOST_IMAGES))
    .option('-g, --guidance <scale>', 'classifier-free guidance, 1 for none (default: 1.5)', numberWithin(0))
    .option('--rounds <n>', 'how often each takes its turn', wholeNumber(1, MOST_ROUNDS), 3)
    .option('--no-plain', 'leave out the plain model in a single graph')
    .option('--no-peak', 'leave out the peak of memory, which takes a process per schedule')
    .addOption(new Option('--only <schedule>', 'run one generation and print its peak of memory in bytes').hideHelp())
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
    .action((flags: BenchFlags) => (flags.only === undefined ? bench(flags, host) : runOnly(flags, flags.only, host)));
}

async function bench(flags: BenchFlags, host: Host): Promise<void> {
  const screen = screenOf(host, flags);
  checkBelong({ '--cache': flags.cache }, '--shape', flags.shape !== undefined);
  noteThreads(screen, flags.threads);
  const chosen = await choose(flags, host);
  noteUnread(screen, chosen.model);
  const contestants = await contestantsOf(chosen, flags);
  const { threads, memory } = flags;
  const transformer = await openChosen(chosen, { threads, memory });
  const workload = workloadOf(transformer, chosen, flags, host.signal);
  const { timings, plainTimes } = await timed(workload, contestants, flags, (line) => screen.note(line)).finally(() =>
    transformer.dispose(),
  );
  const peaks: (number | undefined)[] = [];
  for (const { name } of contestants)
    peaks.push(flags.peak ? await peakMemory(name, argumentsOf(flags, name), host.signal) : undefined);
  const result: BenchResult = {
    model: chosen.name,
    steps: workload.steps.count,
    images: workload.conditions.length,
    guidance: workload.guidance?.scale ?? 1,
    threads: threads ?? availableParallelism(),
    rounds: flags.rounds,
    plainMilliseconds: flags.plain ? median(plainTimes) : undefined,
    contestants: resultsOf(workload, contestants, timings, peaks),
  };
  screen.say(`\n${formatResult(result).trimEnd()}`);
  screen.report(result);
}

async function timed(
  workload: Workload,
  contestants: readonly Contestant[],
  { plain: isAsked, threads, rounds }: BenchFlags,
  report: (line: string) => void,
) {
  const { transformer, conditions, guidance, steps, signal } = workload;
  const batch = guidance ? doubled(conditions, guidance.unconditional) : conditions;
  const plain = isAsked ? await openPlainGraph(transformer.model, { conditions: batch, steps, threads }) : undefined;
  const plainTimes: number[] = [];
  const afterRound = async (): Promise<void> => {
    for (let i = 0; plain && i < PLAIN_PER_ROUND; i++) {
      signal.throwIfAborted();
      plainTimes.push(await plain.time());
    }
  };
  const timings = await timeContestants(workload, contestants, rounds, { report, afterRound }).finally(() =>
    plain?.close(),
  );
  return { timings, plainTimes };
}

/** One generation and nothing else, for the process that measures memory. */
async function runOnly(flags: BenchFlags, name: string, host: Host): Promise<void> {
  const chosen = await choose(flags, host);
  const contestant = (await contestantsOf(chosen, flags)).find((candidate) => candidate.name === name);
  if (!contestant) throw new ProCacheError('invalid-input', `--only: ${name} is none of --schedules`);
  const { threads, memory } = flags;
  const transformer = await openChosen(chosen, { threads, memory });
  await generate(transformer, {
    ...generationOf(workloadOf(transformer, chosen, flags, host.signal)),
    plan: contestant.plan,
  }).finally(() => transformer.dispose());
  host.stdout.write(String(peakOfThisProcess()));
}

async function choose(flags: BenchFlags, { env, signal }: Host): Promise<ChosenModel> {
  const { shape, cache = join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'procache') } = flags;
  if (shape === undefined) return chooseModel(flags);
  return {
    ...(await chooseModel({ model: await syntheticModel(shape, cache, signal) })),
    name: `${shape} (random weights)`,
  };
}

/** The uncached run, and what is measured beside it. */
async function contestantsOf(chosen: ChosenModel, flags: BenchFlags): Promise<readonly Contestant[]> {
  const names = ['uncached', ...flags.schedules.split(',').map((name) => name.trim())];
  const steps = flags.steps ?? chosen.recommended?.steps ?? USUAL_STEPS;
  const contestants: Contestant[] = [];
  for (const name of new Set(names))
    contestants.push({ name, plan: (await chooseSchedule({ schedule: name, steps }, chosen, '--schedules')).plan });
  return contestants;
}

function workloadOf(
  transformer: NodeTransformer,
  chosen: ChosenModel,
  flags: BenchFlags,
  signal: AbortSignal,
): Workload {
  const { takes } = transformer.model;
  const scale = flags.guidance ?? (takes.unconditional === undefined ? undefined : USUAL_GUIDANCE);
  // No noise is drawn in between.
  const [sampler] = samplersOf(transformer.model.defaults.path);
  const { stepsOf, guidance } = chooseProcess({ sampler, ...(scale !== undefined && { guidance: scale }) }, chosen);
  const images = flags.images ?? (flags.shape === undefined ? USUAL_IMAGES : 1);
  return {
    transformer,
    steps: stepsOf(flags.steps ?? chosen.recommended?.steps ?? USUAL_STEPS),
    conditions: Array.from({ length: images }, (_, i) => i % takes.count),
    guidance,
    signal,
  };
}

/** The arguments that make a child process open the same model and generate the same images. */
function argumentsOf(flags: BenchFlags, schedule: string): readonly string[] {
  const { model, shape, steps, images, guidance, threads, memory, cache, numHeads, family, config } = flags;
  const chosen = shape === undefined ? { model, 'num-heads': numHeads, family, config } : { shape, cache };
  const values = { ...chosen, schedules: schedule, steps, images, guidance, threads, memory };
  return Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, String(value)]));
}
