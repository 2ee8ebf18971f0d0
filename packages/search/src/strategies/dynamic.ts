import { budgetCurve } from '../recording/budget-curve.ts';
import { errorModel, type ErrorModel } from '../recording/error-model.ts';
import type { Recording } from '../recording/recording.ts';
import type { Search, Strategy } from '../search.ts';
import type { Alphabet } from '../space/alphabet.ts';
import type { PatternSpace } from '../space/pattern-space.ts';
import { annealed, climbed, type ClimbOptions, type Cost, costOf } from './anneal.ts';
import { affordable } from './exhaustive.ts';
import { race } from './halving.ts';

export interface DynamicOptions {
  /** Its fills should be `eachGap` of the letters: one letter per gap is what dynamic programming chooses. */
  readonly space: PatternSpace;
  readonly alphabet: Alphabet;
  readonly recording: Recording;
  /** The letters to reuse with; all that the alphabet reuses with unless given. */
  readonly letters?: readonly string[];
  /** How many of the patterns with the least predicted error are measured; 16 unless given. */
  readonly proposals?: number;
  /** Moves of an annealing over predicted errors, which are all but free; 4000 unless given. */
  readonly iterations?: number;
  /** Hill climbing over measured errors from the best; none where its `rounds` are 0. */
  readonly climb?: Omit<ClimbOptions, 'predict'>;
}

/**
 * Dynamic programming over recorded features, after DPCache (methods.md 2.29), and measurement of what it proposes.
 *
 * The recording predicts the error of a pattern in microseconds (`errorModel`). The patterns of
 * least predicted error race over the seeds of the search, and from the winner hill climbing goes on,
 * measured, but only towards the neighbours of which the prediction says most.
 */
export function dynamic(options: DynamicOptions): Strategy {
  const { space, climb } = options;
  const model = errorModel(options.recording, options.alphabet);
  return async (search) => {
    const proposed = affordable(await propose(search, model, options), search.affords);
    const [winner] = await race(search, proposed);
    await climbed(search, costOf(search), { ...climb, space, start: winner!.pattern, predict: model.predict });
  };
}

/** The patterns of least predicted error, the best first: what dynamic programming finds, improved by annealing. */
async function propose(search: Search, model: ErrorModel, options: DynamicOptions): Promise<readonly string[]> {
  const { space, alphabet, letters = alphabet.reused, proposals = 16, iterations = 4000 } = options;
  const { random, affords } = search;
  const curve = budgetCurve(model, { constraints: space.constraints, letters, width: proposals });
  const planned = curve[space.constraints.budget - 1]!.filter(({ pattern }) => space.rankOf(pattern) !== undefined && affords(pattern));
  const predicted = new Map(planned.map(({ pattern, error }) => [pattern, error]));
  const remembered = (pattern: string): number => {
    const error = predicted.get(pattern) ?? model.predict(pattern);
    predicted.set(pattern, error);
    return error;
  };
  const cost: Cost = (patterns) => Promise.resolve(patterns.map(remembered));
  const start = planned[0]?.pattern;
  await annealed({ random, affords }, cost, { space, ...(start !== undefined && { start }), iterations, temperatures: [0.3, 1e-3] });
  return [...predicted]
    .sort(([, a], [, b]) => a - b)
    .slice(0, proposals)
    .map(([pattern]) => pattern);
}
