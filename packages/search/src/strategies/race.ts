import { checkOptions, type Fields } from '@procache/core/untrusted';
import { pairedDifference } from '../scoring/interval.ts';
import type { Assessment, Search } from './strategy.ts';

export interface RaceOptions {
  /**
   * How many seeds the first round has; an eighth of all unless given, and at least 2. Each round has twice as many as
   * the one before.
   */
  readonly firstSeeds?: number;
  /** The share that goes on to the next round at most; a half unless given. */
  readonly keep?: number;
}

/** The fields of `RaceOptions`. */
export const RACE_FIELDS: Fields<RaceOptions> = { firstSeeds: true, keep: true };

/** Lets patterns race; returns those that reached all seeds, the best first. */
export async function race(
  search: Search,
  patterns: readonly string[],
  options: RaceOptions = {},
): Promise<readonly Assessment[]> {
  checkOptions('race', options, RACE_FIELDS);
  const { seeds } = search;
  const { keep = KEPT } = options;
  let running = patterns;
  for (let count = firstRound(seeds.length, options); ; count = Math.min(2 * count, seeds.length)) {
    const round = (await search.assess(running, seeds.slice(0, count))).toSorted((a, b) => a.loss - b.loss);
    if (count === seeds.length) return round;
    running = survivors(round, keep).map(({ pattern }) => pattern);
  }
}

/** How many images a race asks for at most. */
export function raceImages(patterns: number, seeds: number, options: RaceOptions = {}): number {
  let [images, running, before] = [0, patterns, 0];
  for (let count = firstRound(seeds, options); count > before; count = Math.min(2 * count, seeds)) {
    images += running * (count - before);
    running = Math.max(1, Math.ceil((options.keep ?? KEPT) * running));
    before = count;
  }
  return images;
}

const KEPT = 0.5;

/** How many seeds the first round has. */
function firstRound(seeds: number, { firstSeeds = Math.max(2, Math.ceil(seeds / 8)) }: RaceOptions): number {
  return Math.min(firstSeeds, seeds);
}

/** The leader, and those that may yet be better; no more than a share. */
function survivors(round: readonly Assessment[], keep: number): readonly Assessment[] {
  const leader = round[0]!;
  const open = round.filter((other) => other === leader || !(pairedDifference(other.losses, leader.losses).low > 0));
  return open.slice(0, Math.max(1, Math.ceil(keep * round.length)));
}
