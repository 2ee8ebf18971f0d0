import type { Schedule } from '@procache/core';
import { checkOptions } from '@procache/core/untrusted';
import {
  checkObjectives,
  type Evaluator,
  lossesOf,
  mean,
  type Objective,
  type Scores,
  type Signal,
} from '../scoring/evaluator.ts';
import { type MeanInterval, meanInterval } from '../scoring/interval.ts';
import type { Study } from '../study/study.ts';

/** A schedule, and what it scored on seeds that nobody chose it by. */
export interface Judged {
  readonly schedule: Schedule;
  readonly seeds: readonly number[];
  readonly scores: Scores;
  /** The scores of the first objective, so turned that less is better. */
  readonly losses: readonly number[];
  /** Their mean, and how sure it is. */
  readonly interval: MeanInterval;
}

export interface JudgeOptions {
  readonly evaluator: Evaluator;
  readonly study: Study;
  readonly seeds: readonly number[];
  readonly signal?: Signal | undefined;
  /** Called after each part with how many images of how many there are. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** Seeds that are evaluated and written down at a time: what is lost at most where the process is killed. */
const PART = 32;

/**
 * Measures schedules on seeds of their own, one after another, the same for all.
 *
 * Every part is in the study, and what the study knows is not evaluated again. Schedules may be of any number of steps
 * that the evaluator can render.
 */
export async function judge(schedules: readonly Schedule[], options: JudgeOptions): Promise<readonly Judged[]> {
  checkOptions('judge', options, { evaluator: true, study: true, seeds: true, signal: true, onProgress: true });
  const { seeds } = options;
  checkObjectives(options.study.header.objectives, options.evaluator);
  const judged: Judged[] = [];
  for (const [i, schedule] of schedules.entries()) {
    judged.push(
      await judgeOne(schedule, {
        ...options,
        onProgress: (done) => options.onProgress?.(i * seeds.length + done, schedules.length * seeds.length),
      }),
    );
  }
  return judged;
}

async function judgeOne(
  schedule: Schedule,
  { evaluator, study, seeds, signal, onProgress }: JudgeOptions,
): Promise<Judged> {
  // a set is judged as a whole
  const size = evaluator.objectives.some(({ judges }) => judges === 'set') ? seeds.length : PART;
  for (let i = 0; i < seeds.length; i += size) {
    const part = seeds.slice(i, i + size);
    const missing = study.missingSeeds(schedule, part);
    signal?.throwIfAborted();
    if (missing.length > 0) await study.record(schedule, missing, await evaluator.evaluate(schedule, missing, signal));
    onProgress?.(i + part.length, seeds.length);
  }
  const scores = study.scoresOf(schedule, seeds);
  if (!scores) throw new Error(`the evaluator left out an objective of ${study.header.objectives.join(', ')}`);
  const losses = lossesOf(scores, evaluator.objectives[0]);
  return { schedule, seeds, scores, losses, interval: meanInterval(losses) };
}

/** The mean of a score over the images, or the score of the set. */
export function meanScore(scores: Scores, name: string): number {
  const score = scores[name];
  if (score === undefined) throw new Error(`there is no score '${name}' among ${Object.keys(scores).join(', ')}`);
  return typeof score === 'number' ? score : mean(score);
}

/**
 * The range in which the mean of the first objective lies with 95 % confidence, as its scores are; undefined where
 * nothing is known of it. Where the mean is not negative neither is the range, as scores of that kind are not.
 */
export function intervalOf(
  { interval: { mean: middle, low, high } }: Pick<Judged, 'interval'>,
  { better }: Pick<Objective, 'better'>,
): readonly [low: number, high: number] | undefined {
  if (![low, high].every(Number.isFinite)) return undefined;
  const [from, to, centre] = better === 'lower' ? [low, high, middle] : [-high, -low, -middle];
  return [centre < 0 ? from : Math.max(0, from), to];
}
