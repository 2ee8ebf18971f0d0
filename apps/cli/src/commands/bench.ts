import { homedir } from 'node:os';
import { join } from 'node:path';
import { byName, diffusionSteps, generate, type Guidance, planOf } from '@procache/core';
import { type NodeTransformer, openTransformer } from '@procache/backend-node';
import { zooModel } from '@procache/zoo';
import { median } from '@procache/metrics';
import { type Command, Option } from 'commander';
import { peakMemory, peakOfThisProcess } from '../bench/peak-memory.ts';
import { openPlainGraph } from '../bench/plain-graph.ts';
import { type BenchResult, formatResult, resultsOf } from '../bench/report.ts';
import { DIT_SHAPES, syntheticModel } from '../bench/synthetic-model.ts';
import { type Contestant, timeContestants, type Workload } from '../bench/timing.ts';
import { numberWithin, wholeNumber } from '../arguments/values.ts';
import type { Host } from '../host.ts';

interface BenchFlags {
  readonly model: string;
  readonly shape?: string;
  readonly schedules: string;
  readonly steps: number;
  readonly images?: number;
  readonly guidance: number;
  readonly rounds: number;
  readonly threads?: number;
  readonly memory: 'normal' | 'low';
  readonly cache: string;
  readonly plain: boolean;
  readonly peak: boolean;
  readonly only?: string;
  readonly json?: boolean;
}

/** Evaluations of the plain model after each round. */
const PLAIN_PER_ROUND = 6;

/** `procache bench`: wall clock, arithmetic and memory of schedules beside the uncached run. */
export function defineBench(command: Command, host: Host): void {
  const cache = join(host.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'procache');
  command
    .option('--model <model>', 'zoo name, checkpoint file or model folder', 'fashion-dit')
    .option('--shape <shape>', `random weights of a published size: ${Object.keys(DIT_SHAPES).join(', ')}`)
    .option('--schedules <names>', 'schedules to compare, separated by commas', 'procache-published')
    .option('--steps <n>', 'sampling steps', wholeNumber(1), 50)
    .option('--images <n>', 'images per generation (default: 10 for --model, 1 for --shape)', wholeNumber(1))
    .option('--guidance <scale>', 'guidance scale; 1 is none', numberWithin(0), 1.5)
    .option('--rounds <n>', 'how often each takes its turn', wholeNumber(1), 3)
    .option('--threads <n>', 'threads of ONNX Runtime', wholeNumber(1))
    .addOption(new Option('--memory <mode>', 'low: weights stay in the file').choices(['normal', 'low']).default('normal'))
    .option('--cache <folder>', 'where synthetic weights are kept', cache)
    .option('--no-plain', 'leave out the plain single-graph model')
    .option('--no-peak', 'leave out peak memory, which takes a process per schedule')
    .option('--only <name>', 'run one generation and print its peak memory in bytes')
    .option('--json', 'one JSON object on standard output')
    .action((flags: BenchFlags) => (flags.only === undefined ? bench(flags, host) : runOnly(flags, flags.only, host)));
}

async function bench(flags: BenchFlags, host: Host): Promise<void> {
  const report = (line: string): void => {
    host.stderr.write(`${line}\n`);
  };
  const { transformer, model } = await open(flags);
  const workload = workloadOf(transformer, flags, host.signal);
  const contestants = contestantsOf(transformer, flags);
  const images = workload.labels.length;
  const doubled = workload.guidance ? [...workload.labels, ...workload.labels.map(() => workload.guidance!.unconditional)] : workload.labels;
  const plain = flags.plain ? await openPlainGraph(transformer.model, { labels: doubled, steps: workload.steps, threads: flags.threads }) : undefined;
  const plainTimes: number[] = [];
  const timings = await timeContestants(workload, contestants, flags.rounds, {
    report,
    afterRound: async () => {
      for (let i = 0; plain && i < PLAIN_PER_ROUND; i++) plainTimes.push(await plain.time());
    },
  });
  await plain?.close();
  await transformer.dispose();
  const peaks: (number | undefined)[] = [];
  for (const { name } of contestants) peaks.push(flags.peak ? await peakMemory(name, argumentsOf(flags)) : undefined);

  const result: BenchResult = {
    model,
    steps: flags.steps,
    images,
    guidance: flags.guidance,
    threads: flags.threads,
    rounds: flags.rounds,
    plainMilliseconds: plain && median(plainTimes),
    contestants: resultsOf(workload, contestants, timings, peaks),
  };
  if (flags.json) host.stdout.writeJson(`${JSON.stringify(result)}\n`);
  else host.stdout.write(`\n${formatResult(result)}`);
}

/** One generation and nothing else, for the process that measures memory. */
async function runOnly(flags: BenchFlags, name: string, host: Host): Promise<void> {
  const { transformer } = await open(flags);
  const contestant = contestantsOf(transformer, flags).find((candidate) => candidate.name === name)!;
  const workload = workloadOf(transformer, flags, host.signal);
  await generate(transformer, { ...workload, plan: contestant.plan });
  await transformer.dispose();
  host.stdout.write(String(peakOfThisProcess()));
}

async function open({ shape, model, cache, threads, memory }: BenchFlags): Promise<{ transformer: NodeTransformer; model: string }> {
  const folder = shape === undefined ? (zooModel(model)?.folder ?? model) : await syntheticModel(shape, cache);
  const transformer = await openTransformer(folder, { threads, memory });
  return { transformer, model: shape === undefined ? model : `${shape} (random weights)` };
}

function contestantsOf({ topology }: NodeTransformer, { schedules, steps }: BenchFlags): readonly Contestant[] {
  const names = ['uncached', ...schedules.split(',').filter((name) => name !== 'uncached')];
  return names.map((name) => ({ name, plan: planOf(byName(name, topology, steps), topology) }));
}

function workloadOf(transformer: NodeTransformer, flags: BenchFlags, signal: AbortSignal): Workload {
  const { labels, defaults } = transformer.model;
  const images = flags.images ?? (flags.shape === undefined ? 10 : 1);
  const guidance: Guidance | undefined =
    flags.guidance === 1 || labels.unconditional === undefined
      ? undefined
      : { scale: flags.guidance, unconditional: labels.unconditional, channels: defaults.guidanceChannels };
  return {
    transformer,
    steps: diffusionSteps(flags.steps, defaults),
    labels: Array.from({ length: images }, (_, i) => i % labels.count),
    guidance,
    signal,
  };
}

/** The arguments that make a child process open the same model and generate the same images. */
function argumentsOf({ model, shape, schedules, steps, images, guidance, threads, memory, cache }: BenchFlags): readonly string[] {
  const values = { model, shape, schedules, steps, images, guidance, threads, memory, cache };
  return Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, String(value)]));
}
