import { generate, median, planOf, type Schedule, type Transformer } from '@procache/core';
import type { Signal } from '../scoring/evaluator.ts';
import { guidanceFor } from '../scoring/renderer.ts';
import type { LetterTimes } from '../scoring/target.ts';
import { scheduleFor } from '../space/alphabet.ts';
import type { Campaign } from './campaign.ts';
import type { CampaignTimes } from './host.ts';

/** Computed steps before the first reused one, so that the highest degree of forecast has its history. */
const HISTORY = 6;
/** Generations that are timed, after one that is not. */
const ROUNDS = 3;

/** A clock, and whatever may ask to stop. */
export interface GenerationTimesOptions {
  /** Reads a clock in milliseconds: `() => performance.now()`. */
  readonly now: () => number;
  readonly signal?: Signal | undefined;
}

/** What generations of as many images as a campaign's target is for take, and their steps, by a model's own clock. */
export function generationTimes<T>(
  transformer: Transformer<T>,
  campaign: Campaign,
  { now, signal }: GenerationTimesOptions,
): Pick<CampaignTimes, 'steps' | 'generation'> {
  const { conditions, target, steps, space } = campaign;
  const { sampler, eta, stepsOf } = campaign.sampling;
  const drawn = Array.from({ length: target?.images ?? 1 }, (_, i) => conditions[i % conditions.length]!);
  const guidance = guidanceFor(campaign.sampling, drawn);
  const timesOf = (schedule: Schedule): Promise<readonly Timed[]> =>
    roundsAfterOne(ROUNDS, async () => {
      const started = now();
      const plan = planOf(schedule, transformer.topology);
      const process = { sampler, eta, guidance, steps: stepsOf(steps) };
      const { records } = await generate(transformer, { ...process, plan, conditions: drawn, signal, now });
      return { records, milliseconds: now() - started };
    });
  return {
    generation: async (schedule) => median((await timesOf(schedule)).map(({ milliseconds }) => milliseconds)),
    async steps() {
      const measured: MeasuredLetter[] = [];
      for (const letter of [...space.alphabet.reused, ...space.alphabet.selective]) {
        const schedule = scheduleFor(samplePattern(letter, steps), space.alphabet);
        measured.push(measuredLetter(letter, await timesOf(schedule)));
      }
      return letterTimes(measured);
    },
  };
}

/** What a run takes again and again, after once that does not count. */
export async function roundsAfterOne<Result>(rounds: number, run: () => Promise<Result>): Promise<readonly Result[]> {
  await run();
  const results: Result[] = [];
  for (let round = 0; round < rounds; round++) results.push(await run());
  return results;
}

interface Timed {
  readonly records: readonly { readonly letter: string; readonly milliseconds: number }[];
  readonly milliseconds: number;
}

/** What was measured of a pattern in which one letter stands beside computed steps. */
interface MeasuredLetter {
  readonly letter: string;
  /** The median of its steps, and of the computed ones. */
  readonly reused: number;
  readonly computed: number;
  /** What each generation took besides its steps. */
  readonly besides: readonly number[];
}

function measuredLetter(letter: string, times: readonly Timed[]): MeasuredLetter {
  const medianOf = (own: string): number =>
    median(
      times.flatMap(({ records }) =>
        records.filter((record) => record.letter === own).map((record) => record.milliseconds),
      ),
    );
  const besides = times.map(
    ({ records, milliseconds }) => milliseconds - records.reduce((sum, record) => sum + record.milliseconds, 0),
  );
  return { letter, reused: medianOf(letter), computed: medianOf('#'), besides };
}

/**
 * Computed steps add up ahead what later steps reuse. In each pattern there was a computed step for each reused one: by
 * what it took longer than in another pattern, it worked for that one, and there it counts.
 */
function letterTimes(measured: readonly MeasuredLetter[]): LetterTimes {
  const least = Math.min(...measured.map(({ computed }) => computed));
  const letters = measured.map(({ letter, computed, reused }) => [letter, reused + computed - least] as const);
  return {
    once: Math.max(0, median(measured.flatMap(({ besides }) => besides))),
    letters: { '#': least, ...Object.fromEntries(letters) },
  };
}

/** A few computed steps, then every other one reused. */
function samplePattern(letter: string, steps: number): string {
  const head = Math.min(HISTORY, steps - 1);
  return Array.from({ length: steps }, (_, step) => (step < head || (step - head) % 2 === 1 ? '#' : letter)).join('');
}
