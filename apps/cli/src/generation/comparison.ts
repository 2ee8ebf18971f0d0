import { median, type Plan } from '@procache/core';
import { meanSquaredError, psnr, relativeError, ssim } from '@procache/metrics';
import type { TransformerModel } from '@procache/model';
import { type Setting, runOnce, type TimedRun, warmUp } from './run.ts';

/** A schedule beside no caching at all: the same noise, the same process, the same moment. */
export interface Comparison {
  readonly cached: TimedRun;
  readonly uncached: TimedRun;
  /** Wall clock of each round, in milliseconds. */
  readonly rounds: readonly Round[];
  /** The medians of the rounds. */
  readonly medians: Round;
  readonly speedup: Spread;
  /**
   * The median of a step that computes everything, which is the same work in both: where the two differ, the machine
   * was disturbed.
   */
  readonly computedStep: Round;
  readonly closeness: Closeness;
}

/** What the two took, in milliseconds. */
export interface Round {
  readonly cached: number;
  readonly uncached: number;
}

/** The quotient of the medians, and the least and the greatest quotient of a round. */
export interface Spread {
  readonly ratio: number;
  readonly least: number;
  readonly greatest: number;
}

/** How close the cached images come to the uncached ones. Pixels are compared only where the model draws pixels. */
export interface Closeness {
  /** Relative L2 error of all latents together. */
  readonly latentError: number;
  readonly pixels: PixelCloseness | undefined;
}

export interface PixelCloseness {
  /** In decibels, over all images together; infinite where they are identical. */
  readonly psnr: number;
  readonly psnrByImage: readonly number[];
  /** The mean over all images; absent for images too small for its window. */
  readonly ssim: number | undefined;
}

/** Enough steps to meet a computed, a reused and a selective one of most schedules. */
const WARM_UP_STEPS = 3;
/** A round that takes longer than this, in milliseconds, is not repeated unless asked for. */
const LONG_ROUND = 30_000;
const USUAL_ROUNDS = 3;
/** The same work varies by less than this on a machine that does nothing else. */
const DISTURBED = 1.25;

export interface ComparedPlans {
  readonly cached: Plan;
  readonly uncached: Plan;
  /** How many rounds; by default 3, or 1 where that takes long. */
  readonly rounds: number | undefined;
  /** Called with the latent after each step of the first cached run. */
  readonly onLatent: (latent: Float32Array) => void;
}

/**
 * Runs a schedule and the uncached model in turns, after a short warm-up of both.
 *
 * The weights are loaded before. Every other round begins with the other one, so that neither profits from its place.
 */
export async function compare(setting: Setting, model: TransformerModel, plans: ComparedPlans): Promise<Comparison> {
  await setting.transformer.prepare([plans.cached, plans.uncached]);
  for (const plan of [plans.cached, plans.uncached]) await warmUp(setting, plan, WARM_UP_STEPS);
  const rounds: { readonly cached: TimedRun; readonly uncached: TimedRun }[] = [];
  do rounds.push(await playRound(setting, plans, rounds.length));
  while (rounds.length < (plans.rounds ?? usualRounds(rounds[0]!)));

  const times = rounds.map(({ cached, uncached }): Round => ({
    cached: cached.milliseconds,
    uncached: uncached.milliseconds,
  }));
  const { cached, uncached } = rounds.at(-1)!;
  const medians = {
    cached: median(times.map((time) => time.cached)),
    uncached: median(times.map((time) => time.uncached)),
  };
  const computedStep = {
    cached: computedMedian(rounds.map((round) => round.cached)),
    uncached: computedMedian(rounds.map((round) => round.uncached)),
  };
  const closeness = closenessOf(cached.latents, uncached.latents, model);
  return { cached, uncached, rounds: times, medians, speedup: spreadOf(times, medians), computedStep, closeness };
}

async function playRound(setting: Setting, { cached, uncached, onLatent }: ComparedPlans, round: number) {
  const runCached = () =>
    runOnce(setting, cached, { label: `cached, round ${round + 1}`, ...(round === 0 && { onLatent }) });
  const runUncached = () => runOnce(setting, uncached, { label: `uncached, round ${round + 1}` });
  if (round % 2 === 1) {
    const first = await runCached();
    return { cached: first, uncached: await runUncached() };
  }
  const first = await runUncached();
  return { uncached: first, cached: await runCached() };
}

function usualRounds({ cached, uncached }: { readonly cached: TimedRun; readonly uncached: TimedRun }): number {
  return cached.milliseconds + uncached.milliseconds > LONG_ROUND ? 1 : USUAL_ROUNDS;
}

/** The first step of every schedule computes, so that there is at least one. */
function computedMedian(runs: readonly TimedRun[]): number {
  return median(
    runs.flatMap(({ records }) =>
      records.filter(({ kind }) => kind === 'computed').map((record) => record.milliseconds),
    ),
  );
}

/** Whether something else was using the machine, so that the times of a comparison are not to be trusted. */
export function isDisturbed({ computedStep: { cached, uncached } }: Comparison): boolean {
  return Math.max(cached, uncached) > DISTURBED * Math.min(cached, uncached);
}

function spreadOf(rounds: readonly Round[], medians: Round): Spread {
  const ratios = rounds.map(({ cached, uncached }) => uncached / cached);
  return { ratio: medians.uncached / medians.cached, least: Math.min(...ratios), greatest: Math.max(...ratios) };
}

function closenessOf(
  cached: Float32Array,
  uncached: Float32Array,
  { latent, valueRange }: TransformerModel,
): Closeness {
  const latentError = relativeError(cached, uncached);
  if (valueRange === undefined) return { latentError, pixels: undefined };
  const [low, high] = valueRange;
  const shown = (values: Float32Array) => values.map((value) => Math.min(high, Math.max(low, value)));
  const peak = high - low;
  const size = latent.channels * latent.height * latent.width;
  const [a, b] = [shown(cached), shown(uncached)];
  const pairs = Array.from(
    { length: a.length / size },
    (_, i) => [a.subarray(i * size, (i + 1) * size), b.subarray(i * size, (i + 1) * size)] as const,
  );
  const windowed = Math.min(latent.height, latent.width) >= 11; // the size of SSIM's window
  const sum = windowed ? pairs.reduce((total, [x, y]) => total + ssim(x, y, { ...latent, peak }), 0) : undefined;
  return {
    latentError,
    pixels: {
      psnr: 10 * Math.log10(peak ** 2 / meanSquaredError(a, b)),
      psnrByImage: pairs.map(([x, y]) => psnr(x, y, peak)),
      ssim: sum === undefined ? undefined : sum / pairs.length,
    },
  };
}
