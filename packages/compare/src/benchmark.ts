import { costOf, type ModelCost, type StepKind } from '@procache/core';
import { counted, formatTable, wrapText } from '@procache/text';
import type { Contestant } from './contestant.ts';
import type { StepTimes, Timing } from './timing.ts';

/** Everything that a benchmark found. Plain data. */
export interface Benchmark {
  readonly model: string;
  readonly steps: number;
  readonly images: number;
  /** The scale of classifier-free guidance; 1 is none. */
  readonly guidance: number;
  readonly threads: number;
  readonly rounds: number;
  /** Milliseconds of one evaluation of the plain single-graph model, where it was measured. */
  readonly plainMilliseconds: number | undefined;
  /** The first is the uncached run. */
  readonly contestants: readonly BenchmarkRow[];
}

/** What a benchmark found of one contestant. */
export interface BenchmarkRow {
  readonly name: string;
  /** Median wall clock of a whole generation, conditioning included. */
  readonly milliseconds: number;
  /** Wall clock of the uncached run by that of this one, from medians of interleaved rounds. */
  readonly speedUp: number;
  /** The uncached run's multiply-adds by this one's: arithmetic, not time. */
  readonly multiplyAddRatio: number;
  /** Median milliseconds of a step of each kind, and how many there are. */
  readonly kinds: StepTimes;
  /** The most that a process of its own ever held, in bytes. */
  readonly peakBytes: number | undefined;
}

/**
 * Puts times, arithmetic and memory of contestants together; the first one is the uncached run. `timings` and `peaks`,
 * in bytes, are in the order of the contestants.
 */
export function benchmarkRows(
  contestants: readonly Contestant[],
  { timings, peaks = [] }: { readonly timings: readonly Timing[]; readonly peaks?: readonly (number | undefined)[] },
  cost: ModelCost,
): readonly BenchmarkRow[] {
  return timings.map(({ name, median, kinds, batch }, i) => ({
    name,
    milliseconds: median,
    speedUp: timings[0]!.median / median,
    multiplyAddRatio: costOf(contestants[i]!.plan, cost, batch).multiplyAddRatio,
    kinds,
    peakBytes: peaks[i],
  }));
}

/** A benchmark as text, in lines of at most 80 columns. */
export function benchmarkText(benchmark: Benchmark): string {
  const { model, steps, images, guidance, threads, rounds, contestants, plainMilliseconds } = benchmark;
  const batch = guidance === 1 ? `batch of ${images}` : `${images} x 2 for guidance ${guidance}`;
  const measured = rounds === 1 ? 'one round' : `medians of ${rounds} interleaved rounds`;
  const head = `${model}: ${counted(steps, 'step')}, ${batch}, ${counted(threads, 'thread')}`;
  const runs = formatTable(
    ['schedule', 'seconds', 'speed-up', 'multiply-adds', 'peak memory'],
    contestants.map(({ name, milliseconds, speedUp, multiplyAddRatio, peakBytes }) => [
      name,
      (milliseconds / 1000).toFixed(2),
      `${speedUp.toFixed(2)}x`,
      `1/${multiplyAddRatio.toFixed(2)}`,
      peakBytes === undefined ? '-' : `${(peakBytes / 1e9).toFixed(2)} GB`,
    ]),
  );
  const plain = plainMilliseconds === undefined ? '' : `\n${plainText(contestants[0]!, plainMilliseconds)}\n`;
  return `${inLines(head)}\n${measured}, wall clock\n\n${runs}\n${kindsText(contestants)}${plain}`;
}

const KINDS: readonly StepKind[] = ['computed', 'selective', 'reused'];

function kindsText(contestants: readonly BenchmarkRow[]): string {
  const rows = contestants.flatMap(({ name, kinds }) =>
    KINDS.flatMap((kind) => {
      const found = kinds[kind];
      const share = kinds.computed && found ? `${((100 * found.median) / kinds.computed.median).toFixed(2)} %` : '-';
      return found ? [[name, kind, found.steps, found.median.toFixed(2), share]] : [];
    }),
  );
  return formatTable(['schedule', 'kind of step', 'steps', 'median ms', 'of a computed one'], rows);
}

function plainText({ kinds }: BenchmarkRow, plain: number): string {
  const own = kinds.computed?.median ?? NaN;
  const difference = 100 * (own / plain - 1);
  const percent = `${difference >= 0 ? '+' : ''}${difference.toFixed(1)} %`;
  return inLines(
    `plain single-graph model: ${plain.toFixed(2)} ms; an uncached step takes ${own.toFixed(2)} ms (${percent})`,
  );
}

function inLines(text: string): string {
  return wrapText(text, 80).join('\n');
}
