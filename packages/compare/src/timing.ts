import { median, ProCacheError, type StepKind, type StepRecord, type Transformer } from '@procache/core';
import { integerOf } from '@procache/core/untrusted';
import { batchOf, type Contestant } from './contestant.ts';
import { type RunOptions, type TimedRun, timedRun, warmUp } from './timed-run.ts';
import { takeTurns } from './turns.ts';

export interface TimingOptions extends RunOptions {
  /** How many rounds; by default 3, or 1 where the first takes longer than 30 seconds. */
  readonly rounds?: number | undefined;
  /**
   * Steps that each takes before the first round; by default 3, enough to meet a computed, a reused and a selective one
   * of most schedules.
   */
  readonly warmUpSteps?: number | undefined;
  /** Called after each round, 0 for the first; awaited, so that something else can be measured in between. */
  readonly onRound?: ((round: number) => void | Promise<void>) | undefined;
}

/** What a contestant took, in milliseconds of wall clock. */
export interface Timing {
  readonly name: string;
  /** Whole generations, conditioning included, one for each round. */
  readonly milliseconds: readonly number[];
  /** The median of those. */
  readonly median: number;
  /** The steps of a generation by their kind, and the median of those of all rounds. */
  readonly kinds: StepTimes;
  /** The steps of all rounds, one round after another; `summarise` has their medians by letter. */
  readonly records: readonly StepRecord[];
  /** Images that the model evaluates at a step: twice as many as are drawn where they are guided. */
  readonly batch: number;
  /** The run of the last round, with its latents. */
  readonly last: TimedRun;
}

/** Of each kind of step that there is: how many a generation has, and what one takes, in milliseconds. */
export type StepTimes = Readonly<Partial<Record<StepKind, { readonly steps: number; readonly median: number }>>>;

const WARM_UP_STEPS = 3;
const USUAL_ROUNDS = 3;
/** A round that takes longer than this, in milliseconds, is not repeated unless that is asked for. */
const LONG_ROUND = 30_000;

/**
 * Runs the contestants in turns, after a short warm-up of each, and times them.
 *
 * Their programs are made ready before, so that no round loads weights.
 *
 * @throws {ProCacheError} `invalid-input` where there is none, two have one name, or `rounds` or `warmUpSteps` counts
 * nothing; what `generate` throws; what the signal throws when it is aborted.
 */
export async function timeContestants<T>(
  model: Transformer<T>,
  contestants: readonly Contestant[],
  options: TimingOptions,
): Promise<readonly Timing[]> {
  checkNames(contestants);
  checkCounts(options);
  const { rounds, warmUpSteps = WARM_UP_STEPS, onRound, signal } = options;
  signal?.throwIfAborted();
  await model.prepare(contestants.map(({ plan }) => plan));
  if (warmUpSteps > 0) for (const contestant of contestants) await warmUp(model, contestant, options, warmUpSteps);
  const records = contestants.map((): StepRecord[] => []);
  const last: TimedRun[] = [];
  const milliseconds = await takeTurns(
    contestants.map((contestant, i) => async (round) => {
      last[i] = await timedRun(model, contestant, options, round);
      records[i]!.push(...last[i].records);
      return last[i].milliseconds;
    }),
    { rounds: (first) => rounds ?? usualRounds(first), onRound },
  );
  return contestants.map((contestant, i) => ({
    name: contestant.name,
    milliseconds: milliseconds[i]!,
    median: median(milliseconds[i]!),
    kinds: stepTimes(records[i]!, milliseconds[i]!.length),
    records: records[i]!,
    batch: batchOf(contestant),
    last: last[i]!,
  }));
}

function usualRounds(first: readonly number[]): number {
  return first.reduce((sum, milliseconds) => sum + milliseconds, 0) > LONG_ROUND ? 1 : USUAL_ROUNDS;
}

function stepTimes(records: readonly StepRecord[], rounds: number): StepTimes {
  const kinds = [...new Set(records.map(({ kind }) => kind))];
  const times = kinds.map((kind) => {
    const own = records.filter((record) => record.kind === kind).map(({ milliseconds }) => milliseconds);
    return [kind, { steps: own.length / rounds, median: median(own) }] as const;
  });
  return Object.fromEntries(times);
}

/** Refuses numbers of rounds that are none: without end, a comparison would have none. */
function checkCounts({ rounds, warmUpSteps }: TimingOptions): void {
  const code = 'invalid-input';
  if (rounds !== undefined) integerOf({ value: rounds, place: 'rounds', code }, 1);
  if (warmUpSteps !== undefined) integerOf({ value: warmUpSteps, place: 'warmUpSteps', code }, 0);
}

function checkNames(contestants: readonly Contestant[]): void {
  const names = contestants.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (names.length === 0) throw new ProCacheError('invalid-input', 'contestants: there is none; pass at least one');
  if (twice !== undefined)
    throw new ProCacheError('invalid-input', `contestants: two are called '${twice}'; give each a name of its own`);
}

/** The same work varies by less than this on a machine that does nothing else. */
const DISTURBED = 1.25;

/**
 * Whether something else was using the machine, so that these times are not to be trusted: a computed step is the same
 * work for all who evaluate as many images at a time, and took clearly longer for one than for another.
 */
export function isDisturbed(timings: readonly Timing[]): boolean {
  return timings.some(({ kinds: { computed }, batch }) =>
    timings.some(
      (other) =>
        other.batch === batch &&
        computed !== undefined &&
        other.kinds.computed !== undefined &&
        computed.median > DISTURBED * other.kinds.computed.median,
    ),
  );
}
