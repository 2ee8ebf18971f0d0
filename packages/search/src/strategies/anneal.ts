import { ProCacheError } from '@procache/core';
import { checkOptions, type Fields } from '@procache/core/untrusted';
import type { Search, Strategy } from './strategy.ts';
import type { PatternSpace } from '../space/pattern-space.ts';
import { draw, drawDistinct, listed } from '../space/space.ts';
import { affordable } from './exhaustive.ts';
import { neighbours, randomMove } from './moves.ts';

/** What patterns cost, in the order in which they are given; less is better. */
export type Cost = (patterns: readonly string[]) => Promise<readonly number[]>;

export interface AnnealOptions {
  readonly space: PatternSpace;
  /** Where to begin; a uniform draw unless given. */
  readonly start?: string;
  /** Moves of the annealing; 200 unless given. */
  readonly iterations?: number;
  /**
   * From the first move to the last, as shares of the loss: one move in e that makes it worse by that share is taken. 1
   * to 0.01 unless given.
   */
  readonly temperatures?: readonly [first: number, last: number];
  readonly climb?: ClimbOptions;
}

export interface ClimbOptions {
  /** The most rounds; 4 unless given. */
  readonly rounds?: number;
  /** A guess at the cost: with it the most promising neighbours are tried, without it some at random. */
  readonly predict?: ((pattern: string) => number) | undefined;
  /** How many; 16 unless given. */
  readonly tries?: number;
}

/** The fields of `ClimbOptions`. */
export const CLIMB_FIELDS: Fields<ClimbOptions> = { rounds: true, predict: true, tries: true };

const ITERATIONS = 200;
const ROUNDS = 4;
const TRIES = 16;

/**
 * Simulated annealing with a fixed number of computed steps, and hill climbing from the best pattern found.
 *
 * As BudCache does it (ICML 2026, arXiv 2606.13496): single relocations nine times of ten, 70 % of them within three
 * steps, a geometric temperature, then descent over the neighbours of the best pattern: over some of them in each
 * round, where BudCache tries all. The temperature is a share of the loss here and not a loss, so that it
 * suits every model.
 */
export function anneal({ climb = {}, ...options }: AnnealOptions): Strategy {
  checkOptions<AnnealOptions>('anneal', options, {
    space: true,
    start: true,
    iterations: true,
    temperatures: true,
    climb: true,
  });
  checkOptions('climb', climb, CLIMB_FIELDS);
  return {
    expectedImages: (seeds) => annealImages(options, seeds) + climbImages(climb, seeds),
    async run(search) {
      const cost = measuredCost(search);
      const best = await annealed(search, cost, options);
      await climbed(search, cost, { ...climb, space: options.space, start: best });
    },
  };
}

/** How many images annealing asks for at most. */
export function annealImages({ iterations = ITERATIONS }: Pick<AnnealOptions, 'iterations'>, seeds: number): number {
  return (iterations + 1) * seeds;
}

/** How many images hill climbing asks for at most. */
export function climbImages({ rounds = ROUNDS, tries = TRIES }: ClimbOptions, seeds: number): number {
  return rounds * tries * seeds;
}

/** The mean losses that a search measures on all seeds. */
export function measuredCost({ assess }: Pick<Search, 'assess'>): Cost {
  return async (patterns) => (await assess(patterns)).map(({ loss }) => loss);
}

/** What chance and the target decide for a walk over patterns. */
export type Walk = Pick<Search, 'random' | 'affords'>;

/** The best pattern that annealing comes by. */
export async function annealed(
  { random, affords }: Walk,
  cost: Cost,
  options: Omit<AnnealOptions, 'climb'>,
): Promise<string> {
  const { space, iterations = ITERATIONS, temperatures: [hot, cold] = [1, 0.01] } = options;
  const start = affordableStart({ random, affords }, space, options.start);
  let current = { pattern: start, cost: (await cost([start]))[0]! };
  let best = current;
  for (let i = 0; i < iterations; i++) {
    const pattern = randomMove(space, current.pattern, random);
    if (pattern === undefined) break;
    const chance = random(); // drawn in any case, so that chance does not depend on what moves cost
    if (!affords(pattern)) continue;
    const next = { pattern, cost: (await cost([pattern]))[0]! };
    const temperature = hot * (cold / hot) ** (i / Math.max(1, iterations - 1));
    const worse = (next.cost - current.cost) / Math.abs(current.cost);
    if (next.cost <= current.cost || chance < Math.exp(-worse / temperature)) current = next;
    if (current.cost < best.cost) best = current;
  }
  return best.pattern;
}

/** How many patterns are drawn to find one within the target. */
const DRAWS = 1000;

function affordableStart({ random, affords }: Walk, space: PatternSpace, given: string | undefined): string {
  if (given !== undefined) return affordable([given], affords)[0]!;
  for (let i = 0; i < DRAWS; i++) {
    const pattern = draw(space, random);
    if (affords(pattern)) return pattern;
  }
  throw new ProCacheError(
    'infeasible-constraints',
    `none of ${DRAWS} patterns drawn keeps within the target; raise it, or lower the budget of computed steps`,
  );
}

/** The pattern from which no neighbour that is tried leads further down. */
export async function climbed(
  { random, affords }: Walk,
  cost: Cost,
  options: ClimbOptions & { readonly space: PatternSpace; readonly start: string },
): Promise<string> {
  const { space, start, rounds = ROUNDS, predict, tries = TRIES } = options;
  let current = { pattern: start, cost: (await cost([start]))[0]! };
  for (let round = 0; round < rounds; round++) {
    const all = neighbours(space, current.pattern, random).filter(affords);
    const tried = predict
      ? mostPromising(all, predict, tries, current.pattern)
      : drawDistinct(listed(all), tries, random);
    if (tried.length === 0) break;
    const costs = await cost(tried);
    const least = Math.min(...costs);
    if (!(least < current.cost)) break;
    current = { pattern: tried[costs.indexOf(least)]!, cost: least };
  }
  return current.pattern;
}

/**
 * The patterns of least predicted cost. Of those predicted alike, and like the current one, one is tried: mostly they
 * do the same.
 */
function mostPromising(
  patterns: readonly string[],
  predict: (pattern: string) => number,
  count: number,
  current: string,
): readonly string[] {
  const byCost = new Map(patterns.map((pattern) => [predict(pattern), pattern]));
  byCost.delete(predict(current));
  return [...byCost]
    .sort(([a], [b]) => a - b)
    .slice(0, count)
    .map(([, pattern]) => pattern);
}
