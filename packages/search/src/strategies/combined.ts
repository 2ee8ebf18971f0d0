import { checkOptions } from '@procache/core/untrusted';
import { errorModel } from '../recording/error-model.ts';
import type { Space } from '../space/space.ts';
import type { Strategy } from './strategy.ts';
import { exhaustive } from './exhaustive.ts';
import {
  annealed,
  annealImages,
  type AnnealOptions,
  climbed,
  climbImages,
  type ClimbOptions,
  measuredCost,
} from './anneal.ts';
import { checkParts, DYNAMIC_FIELDS, dynamicImages, type DynamicOptions, dynamicWinner } from './dynamic.ts';

export interface CombinedOptions extends DynamicOptions {
  /** Measured moves from the pattern that dynamic programming ends with; 6 unless given, none where they are 0. */
  readonly anneal?: Pick<AnnealOptions, 'iterations' | 'temperatures'>;
  /** Hill climbing after them. */
  readonly finish?: Omit<ClimbOptions, 'predict'>;
}

/** Near the best, few moves that make it worse are worth taking. */
const TEMPERATURES = [0.1, 0.01] as const;
/** After dynamic programming and hill climbing: more found nothing better in most searches. */
const ITERATIONS = 6;
const FINISH = { rounds: 1, tries: 8 };

/** A space so small is listed, whatever else could be done. */
const LISTED = 64n;

/** Whether a space is so small that `combined` lists it, and needs no recording. */
export function lists({ size }: Pick<Space, 'size'>): boolean {
  return size <= LISTED;
}

/**
 * `dynamic`, and from its winner annealing and hill climbing over measured errors in the whole space.
 *
 * Dynamic programming sees only what one recording predicts, and only gaps of one letter. The walk after
 * it sees selective steps and mixed gaps too, and corrects where the prediction is wrong. A space of
 * up to 64 patterns is listed.
 */
export function combined(options: CombinedOptions): Strategy {
  checkOptions('combined', options, { ...DYNAMIC_FIELDS, anneal: true, finish: true });
  checkParts(options);
  checkOptions('anneal', options.anneal ?? {}, { iterations: true, temperatures: true });
  checkOptions('finish', options.finish ?? {}, { rounds: true, tries: true });
  const anneal = { iterations: ITERATIONS, temperatures: TEMPERATURES, ...options.anneal };
  const finish = { ...FINISH, ...options.finish };
  const { space, alphabet, recording } = options;
  if (lists(space)) return exhaustive({ space });
  const isPredictable = alphabet.selective.length === 0;
  return {
    expectedImages: (seeds) => dynamicImages(options, seeds) + annealImages(anneal, seeds) + climbImages(finish, seeds),
    async run(search) {
      const cost = measuredCost(search);
      const start = await dynamicWinner(search, options);
      const best = await annealed(search, cost, { ...anneal, space, start });
      const predict = isPredictable ? errorModel(await recording(), alphabet).predict : undefined;
      await climbed(search, cost, { ...finish, space, start: best, predict });
    },
  };
}
