import { availableParallelism } from 'node:os';
import { nodeHost, type NodeTransformer, openFromHeaders, peakMemory, peakOfThisProcess } from '@procache/backend-node';
import {
  type Benchmark,
  benchmarkRows,
  benchmarkText,
  timeContestants,
  timedRun,
  type TimedTurn,
  type Timing,
} from '@procache/compare';
import { doubled, MAX_STEPS, median, ProCacheError } from '@procache/core';
import { SHAPE_NAMES } from '@procache/model';
import { openPlainModel, type PlainModel } from '@procache/ort';
import { type Command, Option } from 'commander';
import { checkBelong } from '../arguments/belongs.ts';
import { addMachineOptions, type MachineFlags, noteThreads } from '../arguments/machine.ts';
import { addModelOptions, addSizeOptions } from '../arguments/model-choice.ts';
import { noteUnread } from '../unread-fields.ts';
import { MOST_IMAGES, MOST_ROUNDS, numberWithin, wholeNumber } from '../arguments/values.ts';
import { type BenchJob, type BenchJobFlags, chooseBenchJob } from '../bench/bench-job.ts';
import type { Host } from '../host.ts';
import { type Screen, screenOf } from '../screen.ts';

interface BenchFlags extends BenchJobFlags, MachineFlags {
  readonly rounds: number;
  readonly plain: boolean;
  readonly peak: boolean;
  readonly only?: string;
}

/** Steps that each takes before: enough that every session has allocated what it needs for whole runs. */
const WARM_UP_STEPS = 5;
/** Evaluations of the plain model after each round. */
const PLAIN_PER_ROUND = 6;

const EXAMPLES = `
Examples:
  procache bench --schedules procache-published,searched-17
  procache bench --schedules mine.json --steps 20 --rounds 5
  procache bench --shape dit-xl/2 --schedules fora-3 --memory low --no-plain`;

/** `procache bench`: wall clock, arithmetic and memory of schedules beside the uncached run. */
export function defineBench(command: Command, host: Host): void {
  addSizeOptions(addModelOptions(command.optionsGroup('Model:')))
    .addOption(
      new Option(
        '--shape <size>',
        `a published size instead, with random weights: ${SHAPE_NAMES.join(', ')}`,
      ).conflicts(['model', 'numHeads', 'family', 'config']),
    )
    .option('--cache <folder>', "of --shape: where those weights are kept (default: in the user's cache folder)")
    .optionsGroup('What is measured:')
    .option(
      '-s, --schedules <list>',
      'methods, names that ship with the model, and files, separated by commas (default: procache-published where ' +
        'there is one of so many steps, else fora-3)',
    )
    .option(
      '-n, --steps <n>',
      "how many steps each takes (default: the zoo's advice, else 50)",
      wholeNumber(1, MAX_STEPS),
    )
    .option('--images <n>', 'images per generation (default: 10, or 1 of --shape)', wholeNumber(1, MOST_IMAGES))
    .option(
      '-g, --guidance <scale>',
      "classifier-free guidance, 1 for none (default: the zoo's advice, else the model's own; of --shape 1.5)",
      numberWithin(0),
    )
    .option('--rounds <n>', 'how often each takes its turn', wholeNumber(1, MOST_ROUNDS), 3)
    .option('--no-plain', 'leave out the plain model in a single graph')
    .option('--no-peak', 'leave out the peak of memory, which takes a process per schedule')
    .addOption(new Option('--only <schedule>', 'run one generation and print its peak of memory in bytes').hideHelp());
  addMachineOptions(command)
    .addHelpText('after', EXAMPLES)
    .action((flags: BenchFlags) => (flags.only === undefined ? bench(flags, host) : runOnly(flags, flags.only, host)));
}

async function bench(flags: BenchFlags, host: Host): Promise<void> {
  const screen = screenOf(host, flags);
  checkBelong({ '--cache': flags.cache }, '--shape', flags.shape !== undefined);
  const job = await chooseBenchJob(flags, host);
  noteUnread(screen, job.chosen.model);
  noteThreads(screen, flags.threads);
  const { threads, memory, rounds } = flags;
  const transformer = await openFromHeaders(job.chosen, { threads, memory });
  const { timings, plainTimes } = await measure(job, transformer, flags, { screen, signal: host.signal }).finally(() =>
    transformer.dispose(),
  );
  const peaks: (number | undefined)[] = [];
  for (const { name } of job.contestants) {
    const words = [process.argv[1]!, 'bench', ...argumentsOf(flags, name), '--only', name];
    const program = { words, name, advice: '--no-peak leaves it out', signal: host.signal };
    peaks.push(flags.peak ? await peakMemory(program) : undefined);
  }
  const [{ steps, conditions, guidance }] = job.contestants;
  const result: Benchmark = {
    model: job.chosen.name,
    steps: steps.count,
    images: conditions.length,
    guidance: guidance?.scale ?? 1,
    threads: threads ?? availableParallelism(),
    rounds,
    plainMilliseconds: flags.plain ? median(plainTimes) : undefined,
    contestants: benchmarkRows(job.contestants, { timings, peaks }, job.chosen.model.cost),
  };
  screen.say(`\n${benchmarkText(result).trimEnd()}`);
  screen.report(result);
}

interface Measured {
  readonly timings: readonly Timing[];
  /** Of the plain model, which has its turn after each round. */
  readonly plainTimes: readonly number[];
}

async function measure(
  { contestants }: BenchJob,
  transformer: NodeTransformer,
  { plain: isAsked, rounds, threads }: BenchFlags,
  { screen, signal }: { readonly screen: Screen; readonly signal: AbortSignal },
): Promise<Measured> {
  const now = (): number => performance.now();
  const [{ conditions, guidance, steps }] = contestants;
  const batch = guidance ? doubled(conditions, guidance.unconditional) : conditions;
  const { model } = transformer;
  const plain: PlainModel | undefined = isAsked
    ? await openPlainModel(nodeHost({ threads }), model, { conditions: batch, timestep: steps.timesteps[0]! })
    : undefined;
  const plainTimes: number[] = [];
  const onRound = async (): Promise<void> => {
    for (let i = 0; plain && i < PLAIN_PER_ROUND; i++) {
      signal.throwIfAborted();
      const started = now();
      await plain.evaluate();
      plainTimes.push(now() - started);
    }
  };
  const onTimed = ({ turn: { contestant, round = 0 }, milliseconds }: TimedTurn): void =>
    screen.note(`round ${round + 1} of ${rounds}: ${contestant} ${(milliseconds / 1000).toFixed(2)} s`);
  const options = { now, signal, rounds, warmUpSteps: WARM_UP_STEPS, onRound, onTimed };
  const timings = await timeContestants(transformer, contestants, options).finally(() => plain?.close());
  return { timings, plainTimes };
}

/** One generation and nothing else, for the process that measures memory. */
async function runOnly(flags: BenchFlags, name: string, host: Host): Promise<void> {
  const { chosen, contestants } = await chooseBenchJob(flags, host);
  const contestant = contestants.find((candidate) => candidate.name === name);
  if (!contestant) throw new ProCacheError('invalid-input', `--only: ${name} is none of --schedules`);
  const { threads, memory } = flags;
  const transformer = await openFromHeaders(chosen, { threads, memory });
  await timedRun(transformer, contestant, { now: () => 0, signal: host.signal }).finally(() => transformer.dispose());
  host.stdout.write(String(peakOfThisProcess()));
}

/** The arguments that make a child process open the same model and generate the same images. */
function argumentsOf(flags: BenchFlags, schedule: string): readonly string[] {
  const { model, shape, steps, images, guidance, threads, memory, cache, numHeads, family, config } = flags;
  const { width, height, resolutionBinning } = flags;
  const chosen = shape === undefined ? { model, 'num-heads': numHeads, family, config } : { shape, cache };
  const values = { ...chosen, schedules: schedule, steps, images, guidance, threads, memory, width, height };
  const words = Object.entries(values).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}`, String(value)],
  );
  return resolutionBinning === false ? [...words, '--no-resolution-binning'] : words;
}
