import { ProCacheError, type Spelling } from '@procache/core';
import type { Recording } from '../recording/recording.ts';
import type { Alphabet } from '../space/alphabet.ts';
import type { PatternSpace } from '../space/pattern-space.ts';
import { anneal } from '../strategies/anneal.ts';
import { combined, lists } from '../strategies/combined.ts';
import { dynamic } from '../strategies/dynamic.ts';
import { exhaustive } from '../strategies/exhaustive.ts';
import { halving } from '../strategies/halving.ts';
import { reference, sampled } from '../strategies/sample.ts';
import type { Strategy } from '../strategies/strategy.ts';

export const STRATEGY_NAMES = [
  'combined',
  'dynamic',
  'anneal',
  'halving',
  'exhaustive',
  'sample',
  'reference',
] as const;

export type StrategyName = (typeof STRATEGY_NAMES)[number];

/** How to search. */
export interface StrategyOptions {
  /** `combined` unless given. */
  readonly strategy?: StrategyName | undefined;
  /** Of halving, sample, reference, dynamic and combined: how many patterns begin. */
  readonly candidates?: number | undefined;
  /** Of anneal and combined: how many moves are measured. */
  readonly iterations?: number | undefined;
}

/** What a strategy searches. */
export interface StrategyInput {
  readonly space: PatternSpace;
  readonly alphabet: Alphabet;
  /** Asked for only where `needsRecording`. */
  readonly recording: () => Promise<Recording>;
}

/** The strategy of that name for one budget. */
export function strategyNamed(options: StrategyOptions, input: StrategyInput): Strategy {
  return MAKERS[options.strategy ?? 'combined'](input, options);
}

const MAKERS: Readonly<Record<StrategyName, (input: StrategyInput, options: StrategyOptions) => Strategy>> = {
  exhaustive: ({ space }) => exhaustive({ space }),
  sample: ({ space }, { candidates }) => sampled({ space, ...(candidates && { count: candidates }) }),
  reference: ({ space }, { candidates }) =>
    reference(space.constraints, {
      ...(candidates && { count: candidates }),
      write: (pattern) => space.settle(pattern) ?? pattern,
    }),
  halving: ({ space }, { candidates }) => halving({ space, ...(candidates && { count: candidates }) }),
  anneal: ({ space }, { iterations }) => anneal({ space, ...(iterations !== undefined && { iterations }) }),
  dynamic: (input, { candidates }) => dynamic({ ...input, ...(candidates && { proposals: candidates }) }),
  combined: (input, { candidates, iterations }) =>
    combined({
      ...input,
      ...(candidates && { proposals: candidates }),
      ...(iterations !== undefined && { anneal: { iterations } }),
    }),
};

/** Whether a strategy predicts errors from recorded trajectories. */
export function needsRecording({ strategy = 'combined' }: StrategyOptions, space: PatternSpace): boolean {
  return strategy === 'dynamic' || (strategy === 'combined' && !lists(space));
}

const TAKES_CANDIDATES: readonly StrategyName[] = ['halving', 'sample', 'reference', 'dynamic', 'combined'];
const TAKES_ITERATIONS: readonly StrategyName[] = ['anneal', 'combined'];

/** Refuses options that a strategy has no use for. */
export function checkStrategyOptions(options: StrategyOptions, spell: Spelling): void {
  const { strategy = 'combined' } = options;
  const odd = [['candidates', TAKES_CANDIDATES] as const, ['iterations', TAKES_ITERATIONS] as const].find(
    ([name, of]) => options[name] !== undefined && !of.includes(strategy),
  );
  if (!odd) return;
  throw new ProCacheError(
    'invalid-input',
    `${spell(odd[0])} belongs to the strategies ${odd[1].join(', ')}; leave it out for ${strategy}`,
  );
}

/** Refuses a space that a strategy cannot search. */
export function checkSearchable({ strategy }: StrategyOptions, space: PatternSpace, spell: Spelling): void {
  if (strategy === 'exhaustive') exhaustive({ space });
  if (strategy !== 'reference') return;
  const { gaps, first = 1, last = 0 } = space.constraints;
  if (gaps === 'any' || first > 1 || last > 0) {
    throw new ProCacheError(
      'infeasible-constraints',
      `${spell('strategy')} reference: the paper's sampler draws falling gaps only, and forces no steps; ` +
        `use ${spell('paper')}, or ${spell('gaps')} falling without ${spell('first')} and ${spell('last')}`,
    );
  }
}
