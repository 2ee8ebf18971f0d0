import { ProCacheError } from '@procache/core';
import {
  type Alphabet,
  anneal,
  combined,
  dynamic,
  type DynamicOptions,
  exhaustive,
  halving,
  type PatternSpace,
  type Recording,
  reference,
  sample,
  type Strategy,
} from '@procache/search';
import type { SearchFlags, StrategyName } from './search-flags.ts';

type Effort = Pick<SearchFlags, 'strategy' | 'candidates' | 'iterations'>;

/** Patterns that `sample` and `halving` begin with. */
const CANDIDATES = 64;
/** A space so small is listed, whatever else `combined` would do. */
const LISTED = 64;
/** Measured moves of annealing from a random start. */
const ANNEALED_MOVES = 200;
/** Rounds of hill climbing after annealing, and neighbours in each. */
const CLIMB = { rounds: 4, tries: 16 };
/** Rounds of hill climbing after dynamic programming, whose start is near the best. */
const DYNAMIC_CLIMB = { rounds: 3, tries: 8 };
/** Measured moves after dynamic programming and hill climbing: they found nothing better in most searches. */
const COMBINED_ITERATIONS = 6;

/** Whether a strategy predicts errors from recorded trajectories. */
export function needsRecording({ strategy }: Effort, space: PatternSpace): boolean {
  return (strategy === 'combined' && space.size > BigInt(LISTED)) || strategy === 'dynamic';
}

interface Choice extends Effort {
  readonly space: PatternSpace;
  readonly alphabet: Alphabet;
  /** Asked for only where `needsRecording`. */
  readonly recording: () => Promise<Recording>;
}

/** The strategy of that name for one budget. */
export function strategyFor(choice: Choice): Strategy {
  return MAKERS[choice.strategy](choice);
}

const MAKERS: Readonly<Record<StrategyName, (choice: Choice) => Strategy>> = {
  exhaustive: ({ space }) => exhaustive({ space }),
  sample: ({ space, candidates = CANDIDATES }) => sample({ space, count: candidates }),
  reference: ({ space, candidates }) =>
    reference(space.constraints, {
      ...(candidates && { count: candidates }),
      write: (pattern) => space.settle(pattern) ?? pattern,
    }),
  halving: ({ space, candidates = CANDIDATES }) => halving({ space, count: candidates }),
  anneal: ({ space, iterations = ANNEALED_MOVES }) => anneal({ space, iterations, climb: CLIMB }),
  dynamic: (choice) => dynamic(dynamicOptions(choice)),
  combined: (choice) => {
    const { space, iterations = COMBINED_ITERATIONS } = choice;
    return needsRecording(choice, space)
      ? combined({ ...dynamicOptions(choice), anneal: { iterations } })
      : exhaustive({ space });
  },
};

function dynamicOptions({ space, alphabet, recording, candidates }: Choice): DynamicOptions {
  return { space, alphabet, recording, climb: DYNAMIC_CLIMB, ...(candidates && { proposals: candidates }) };
}

/** Refuses a strategy that cannot search a space, and options that it has no use for. */
export function checkStrategy(effort: Effort, space: PatternSpace): void {
  checkOptions(effort);
  if (effort.strategy === 'exhaustive') exhaustive({ space });
  if (effort.strategy !== 'reference') return;
  const { gaps, first = 1, last = 0 } = space.constraints;
  if (gaps === 'any' || first > 1 || last > 0) {
    throw new ProCacheError(
      'infeasible-constraints',
      "--strategy reference: the paper's sampler draws falling gaps only, and forces no steps; " +
        'use --paper, or --gaps falling without --first and --last',
    );
  }
}

const TAKES_CANDIDATES: readonly StrategyName[] = ['halving', 'sample', 'reference', 'dynamic', 'combined'];
const TAKES_ITERATIONS: readonly StrategyName[] = ['anneal', 'combined'];

function checkOptions({ strategy, candidates, iterations }: Effort): void {
  const odd =
    candidates !== undefined && !TAKES_CANDIDATES.includes(strategy)
      ? { option: '--candidates', of: TAKES_CANDIDATES }
      : iterations !== undefined && !TAKES_ITERATIONS.includes(strategy)
        ? { option: '--iterations', of: TAKES_ITERATIONS }
        : undefined;
  if (odd)
    throw new ProCacheError(
      'invalid-input',
      `${odd.option} belongs to the strategies ${odd.of.join(', ')}; leave it out for ${strategy}`,
    );
}
