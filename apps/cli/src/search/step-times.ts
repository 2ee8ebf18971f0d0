import { type DiffusionSteps, generate, median, planOf, type Schedule } from '@procache/core';
import { type Alphabet, scheduleFor, type StepTimes } from '@procache/search';
import { openChosen } from '../generation/open-chosen.ts';
import { timedImages, type SearchJob } from './job.ts';

/** Computed steps before the first reused one, so that the highest degree of forecast has its history. */
const HISTORY = 6;
/** Generations that are timed, after one that is not. */
const ROUNDS = 3;

/**
 * What the steps of a generation take on this machine, by letter: medians, in milliseconds.
 *
 * Computed steps add up ahead what later steps reuse; that counts for the letter of those. The model runs as `generate`
 * runs it, with all threads, and with the images that the target is for.
 */
export async function measureStepTimes(job: SearchJob, signal: AbortSignal): Promise<StepTimes> {
  const { steps, process, space } = job;
  return timing(job, async (run) => {
    const measured: { readonly letter: string; readonly computed: number; readonly reused: number }[] = [];
    const once: number[] = [];
    for (const letter of [...space.alphabet.reused, ...space.alphabet.selective]) {
      const schedule = scheduleFor(samplePattern(letter, steps), space.alphabet);
      await run(schedule, process.stepsOf(steps), signal);
      const times: Timed[] = [];
      for (let round = 0; round < ROUNDS; round++) times.push(await run(schedule, process.stepsOf(steps), signal));
      once.push(
        ...times.map(
          ({ records, milliseconds }) => milliseconds - records.reduce((sum, record) => sum + record.milliseconds, 0),
        ),
      );
      const medianOf = (own: string): number =>
        median(
          times.flatMap(({ records }) =>
            records.filter((record) => record.letter === own).map((record) => record.milliseconds),
          ),
        );
      measured.push({ letter, computed: medianOf('#'), reused: medianOf(letter) });
    }
    const computed = Math.min(...measured.map((own) => own.computed));
    // In the pattern that was timed there is a computed step for each reused one: what it takes longer is for that one.
    const letters = measured.map(({ letter, computed: own, reused }) => [letter, reused + own - computed] as const);
    return { once: Math.max(0, median(once)), letters: { '#': computed, ...Object.fromEntries(letters) } };
  });
}

/** What a whole generation with a schedule takes: the median of a few, in milliseconds. */
export function measureGeneration(job: SearchJob, schedule: Schedule, signal: AbortSignal): Promise<number> {
  return timing(job, async (run) => {
    const times: number[] = [];
    await run(schedule, job.process.stepsOf(job.steps), signal);
    for (let round = 0; round < ROUNDS; round++)
      times.push((await run(schedule, job.process.stepsOf(job.steps), signal)).milliseconds);
    return median(times);
  });
}

interface Timed {
  readonly records: readonly { readonly letter: string; readonly milliseconds: number }[];
  readonly milliseconds: number;
}

type Run = (schedule: Schedule, steps: DiffusionSteps, signal: AbortSignal) => Promise<Timed>;

async function timing<Result>(
  { flags, chosen, process, conditions }: SearchJob,
  use: (run: Run) => Promise<Result>,
): Promise<Result> {
  const { sampler, eta, guidance } = process;
  const { threads, memory } = flags;
  const transformer = await openChosen(chosen, { thread: 'worker', threads, memory });
  const drawn = Array.from({ length: timedImages(flags) }, (_, i) => conditions[i % conditions.length]!);
  const now = (): number => performance.now();
  try {
    return await use(async (schedule, steps, signal) => {
      const started = now();
      const { records } = await generate(transformer, {
        sampler,
        eta,
        guidance,
        plan: planOf(schedule, transformer.topology),
        steps,
        conditions: drawn,
        signal,
        now,
      });
      return { records, milliseconds: now() - started };
    });
  } finally {
    await transformer.dispose();
  }
}

/** A few computed steps, then every other one reused. */
function samplePattern(letter: string, steps: number): string {
  const head = Math.min(HISTORY, steps - 1);
  return Array.from({ length: steps }, (_, step) => (step < head || (step - head) % 2 === 1 ? '#' : letter)).join('');
}

/** The letters of an alphabet that reuse without evaluating anything: the cheapest there are. */
export function cheapestLetter({ reused }: Alphabet, { letters }: StepTimes): string {
  return reused.reduce((best, letter) => (letters[letter]! < letters[best]! ? letter : best));
}
