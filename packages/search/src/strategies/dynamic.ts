import { checkOptions, type Fields } from '@procache/core/untrusted';
import { curveInParts } from '../recording/budget-curve.ts';
import { errorModel, type ErrorModel } from '../recording/error-model.ts';
import type { Recording } from '../recording/recording.ts';
import type { Search, Strategy } from './strategy.ts';
import type { Alphabet } from '../space/alphabet.ts';
import { eachGap } from '../space/fills.ts';
import { PatternSpace } from '../space/pattern-space.ts';
import {
  annealed,
  CLIMB_FIELDS,
  climbed,
  climbImages,
  type ClimbOptions,
  type Cost,
  measuredCost,
  type Walk,
} from './anneal.ts';
import { affordable } from './exhaustive.ts';
import { race, RACE_FIELDS, raceImages, type RaceOptions } from './race.ts';

export interface DynamicOptions {
  /**
   * What dynamic programming chooses has gaps of one letter each; it is written as the space writes those gaps
   * (`settle`).
   */
  readonly space: PatternSpace;
  readonly alphabet: Alphabet;
  /** Asked for when the search begins: a recording is dear. */
  readonly recording: () => Promise<Recording>;
  /** The letters to reuse with; all that the alphabet reuses with unless given. */
  readonly letters?: readonly string[];
  /** How many of the patterns with little predicted error are measured; 24 unless given. */
  readonly proposals?: number;
  /** Moves of an annealing over predicted errors, which are all but free; 4000 unless given. */
  readonly iterations?: number;
  readonly race?: RaceOptions;
  /** Hill climbing over measured errors from the best, 3 rounds of 8 unless given; none where its `rounds` are 0. */
  readonly climb?: Omit<ClimbOptions, 'predict'>;
}

/**
 * Dynamic programming over recorded features, after DPCache (CVPR 2026), and measurement of what it proposes.
 *
 * The recording predicts the error of a pattern in microseconds (`errorModel`). Patterns of little predicted
 * error race over the seeds of the search, and from the winner hill climbing goes on, measured, but
 * only towards the neighbours of which the prediction says most.
 */
export function dynamic(options: DynamicOptions): Strategy {
  checkOptions('dynamic', options, DYNAMIC_FIELDS);
  checkParts(options);
  return {
    expectedImages: (seeds) => dynamicImages(options, seeds),
    async run(search) {
      await dynamicWinner(search, options);
    },
  };
}

/** The fields of `DynamicOptions`. */
export const DYNAMIC_FIELDS: Fields<DynamicOptions> = {
  space: true,
  alphabet: true,
  recording: true,
  letters: true,
  proposals: true,
  iterations: true,
  race: true,
  climb: true,
};

/** Refuses options of the race and of the climb that nobody reads. */
export function checkParts({ race: racing = {}, climb = {} }: DynamicOptions): void {
  checkOptions('race', racing, RACE_FIELDS);
  checkOptions('climb', climb, CLIMB_FIELDS);
}

const PROPOSALS = 24;
/** The climb begins near the best, and the prediction knows the promising neighbours: few of both are enough. */
const CLIMB = { rounds: 3, tries: 8 };

/** How many images the strategy asks for at most. */
export function dynamicImages({ proposals = PROPOSALS, race: options, climb }: DynamicOptions, seeds: number): number {
  return raceImages(proposals, seeds, options) + climbImages({ ...CLIMB, ...climb }, seeds);
}

/** The pattern that the strategy ends with. */
export async function dynamicWinner(search: Search, options: DynamicOptions): Promise<string> {
  const { space, alphabet, climb, letters = alphabet.reused } = options;
  const model = errorModel(await options.recording(), alphabet);
  // Gaps of one letter each, since of others nothing can be predicted; each written as the space writes it.
  const predicted = new PatternSpace(space.constraints, eachGap(...letters));
  const writtenOf = new Map<string, string | undefined>();
  const write = (pattern: string): string | undefined => {
    if (!writtenOf.has(pattern)) writtenOf.set(pattern, space.settle(pattern));
    return writtenOf.get(pattern);
  };
  const affords = (pattern: string): boolean => {
    const written = write(pattern);
    return written !== undefined && search.affords(written);
  };
  const walk = { random: search.random, affords, pause: search.pause };
  const proposed = affordable(await propose(walk, model, options), affords);
  const plainOf = new Map(proposed.map((pattern) => [write(pattern)!, pattern]));
  const [winner] = await race(search, [...plainOf.keys()], options.race);
  const start = plainOf.get(winner!.pattern)!;
  const cost: Cost = (patterns) => measuredCost(search)(patterns.map((pattern) => write(pattern)!));
  return write(await climbed(walk, cost, { ...CLIMB, ...climb, space: predicted, start, predict: model.predict }))!;
}

/** A walk that computes for so long that it lets others do something in between. */
type LongWalk = Walk & Pick<Search, 'pause'>;

/**
 * Patterns of little predicted error, some from each way of reusing: with all letters, and with each alone.
 *
 * A prediction is most wrong for the patterns that it likes most, and wrong for all of a kind alike:
 * that is why the proposals have to differ.
 */
async function propose(walk: LongWalk, model: ErrorModel, options: DynamicOptions): Promise<readonly string[]> {
  const { alphabet, letters = alphabet.reused, proposals = PROPOSALS } = options;
  const choices = letters.length > 1 ? [letters, ...letters.map((letter) => [letter])] : [letters];
  const proposed = new Set<string>();
  for (const [i, choice] of choices.entries()) {
    const share = Math.ceil((proposals - proposed.size) / (choices.length - i));
    for (const pattern of await proposeWith(choice, walk, model, { ...options, proposals: share }))
      proposed.add(pattern);
  }
  return [...proposed];
}

/** What dynamic programming finds with some letters, and what annealing over predicted errors comes by from there. */
async function proposeWith(
  letters: readonly string[],
  { random, affords, pause }: LongWalk,
  model: ErrorModel,
  options: DynamicOptions,
): Promise<readonly string[]> {
  const { space: all, proposals = PROPOSALS, iterations = 4000 } = options;
  const space = new PatternSpace(all.constraints, eachGap(...letters));
  const planning = curveInParts(model, { constraints: space.constraints, letters });
  let part = planning.next();
  for (; !part.done; part = planning.next()) await pause();
  const curve = part.value;
  const planned = curve[space.constraints.budget - 1]!.filter(({ pattern }) => affords(pattern));
  const predicted = new Map(planned.map(({ pattern, error }) => [pattern, error]));
  const remembered = (pattern: string): number => {
    const error = predicted.get(pattern) ?? model.predict(pattern);
    predicted.set(pattern, error);
    return error;
  };
  const cost: Cost = async (patterns) => {
    await pause();
    return patterns.map(remembered);
  };
  const [start] = planned;
  if (!start) return [];
  await annealed({ random, affords }, cost, { space, start: start.pattern, iterations, temperatures: [0.3, 1e-3] });
  // where the predictions are equal, so mostly is what is done
  const distinct = new Map([...predicted].map(([pattern, error]) => [error, pattern]));
  const ranked = [...distinct].sort(([a], [b]) => a - b).map(([, pattern]) => pattern);
  return unlike(ranked, proposals);
}

/** In how many computed steps a proposal differs from every better one, where there are enough of those. */
const APART = 2;

/** The first patterns of a ranking that are unlike the ones before; where they run out, the first of the rest. */
function unlike(ranked: readonly string[], count: number): readonly string[] {
  const chosen: string[] = [];
  for (const pattern of ranked) {
    if (chosen.length === count) return chosen;
    if (chosen.every((other) => relocations(pattern, other) >= APART)) chosen.push(pattern);
  }
  return [...chosen, ...ranked.filter((pattern) => !chosen.includes(pattern))].slice(0, count);
}

/** How many computed steps one pattern has that another has not. */
function relocations(pattern: string, other: string): number {
  let count = 0;
  for (let step = 0; step < pattern.length; step++) if (pattern[step] === '#' && other[step] !== '#') count++;
  return count;
}
