import { budgetCurve } from '../recording/budget-curve.ts';
import { errorModel, type ErrorModel } from '../recording/error-model.ts';
import type { Recording } from '../recording/recording.ts';
import type { Search, Strategy } from '../search.ts';
import type { Alphabet } from '../space/alphabet.ts';
import { eachGap } from '../space/fills.ts';
import { PatternSpace } from '../space/pattern-space.ts';
import { annealed, climbed, type ClimbOptions, type Cost, costOf } from './anneal.ts';
import { affordable } from './exhaustive.ts';
import { race, type RaceOptions } from './halving.ts';

export interface DynamicOptions {
  /** Its fills should be `eachGap` of the letters: one letter per gap is what dynamic programming chooses. */
  readonly space: PatternSpace;
  readonly alphabet: Alphabet;
  readonly recording: Recording;
  /** The letters to reuse with; all that the alphabet reuses with unless given. */
  readonly letters?: readonly string[];
  /** How many of the patterns with little predicted error are measured; 24 unless given. */
  readonly proposals?: number;
  /** Moves of an annealing over predicted errors, which are all but free; 4000 unless given. */
  readonly iterations?: number;
  readonly race?: RaceOptions;
  /** Hill climbing over measured errors from the best; none where its `rounds` are 0. */
  readonly climb?: Omit<ClimbOptions, 'predict'>;
}

/**
 * Dynamic programming over recorded features, after DPCache (methods.md 2.29), and measurement of what it proposes.
 *
 * The recording predicts the error of a pattern in microseconds (`errorModel`). Patterns of little predicted
 * error race over the seeds of the search, and from the winner hill climbing goes on, measured, but
 * only towards the neighbours of which the prediction says most.
 */
export function dynamic(options: DynamicOptions): Strategy {
  const { space, alphabet, climb } = options;
  const model = errorModel(options.recording, alphabet);
  return async (search) => {
    const proposed = affordable(await propose(search, model, options), search.affords);
    const [winner] = await race(search, proposed, options.race);
    await climbed(search, costOf(search), { tries: 8, ...climb, space, start: winner!.pattern, predict: model.predict });
  };
}

/**
 * Patterns of little predicted error, some from each way of reusing: with all letters, and with each alone.
 *
 * A prediction is most wrong for the patterns that it likes most, and wrong for all of a kind alike:
 * that is why the proposals have to differ.
 */
async function propose(search: Search, model: ErrorModel, options: DynamicOptions): Promise<readonly string[]> {
  const { alphabet, letters = alphabet.reused, proposals = 24 } = options;
  const choices = letters.length > 1 ? [letters, ...letters.map((letter) => [letter])] : [letters];
  const proposed = new Set<string>();
  for (const [i, choice] of choices.entries()) {
    const share = Math.ceil((proposals - proposed.size) / (choices.length - i));
    for (const pattern of await proposeWith(choice, search, model, { ...options, proposals: share })) proposed.add(pattern);
  }
  return [...proposed];
}

/** What dynamic programming finds with some letters, and what annealing over predicted errors comes by from there. */
async function proposeWith(
  letters: readonly string[],
  { random, affords }: Search,
  model: ErrorModel,
  options: DynamicOptions,
): Promise<readonly string[]> {
  const { space: all, proposals = 24, iterations = 4000 } = options;
  const space = new PatternSpace(all.constraints, eachGap(...letters));
  const admits = (pattern: string): boolean => all.rankOf(pattern) !== undefined && affords(pattern);
  const curve = budgetCurve(model, { constraints: space.constraints, letters });
  const planned = curve[space.constraints.budget - 1]!.filter(({ pattern }) => admits(pattern));
  const predicted = new Map(planned.map(({ pattern, error }) => [pattern, error]));
  const remembered = (pattern: string): number => {
    const error = predicted.get(pattern) ?? model.predict(pattern);
    predicted.set(pattern, error);
    return error;
  };
  const cost: Cost = (patterns) => Promise.resolve(patterns.map(remembered));
  const [start] = planned;
  if (!start) return [];
  await annealed({ random, affords: admits }, cost, { space, start: start.pattern, iterations, temperatures: [0.3, 1e-3] });
  const distinct = new Map([...predicted].map(([pattern, error]) => [error, pattern])); // where the predictions are equal, so mostly is what is done
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
