import { ProCacheError } from '@procache/core';

/**
 * A finite set in a fixed order, that can be counted, indexed and listed without being written out.
 *
 * `at` gives the item of a rank, `0 <= rank < size`, and `rankOf` the rank of an item, or undefined
 * where the space does not have it. A uniform rank gives a uniform item.
 */
export interface Space<Item = string> extends Iterable<Item> {
  readonly size: bigint;
  at(rank: bigint): Item;
  rankOf(item: Item): bigint | undefined;
}

/** The items of a list as a space; equal items are one. */
export function listed<Item>(items: readonly Item[]): Space<Item> {
  const distinct = [...new Set(items)];
  const ranks = new Map(distinct.map((item, rank) => [item, BigInt(rank)]));
  return {
    size: BigInt(distinct.length),
    at: (rank) => distinct[Number(checkedRank(rank, BigInt(distinct.length)))]!,
    rankOf: (item) => ranks.get(item),
    [Symbol.iterator]: () => distinct.values(),
  };
}

/** One item, each as likely as any other. `random` gives numbers uniform in [0, 1). */
export function draw<Item>(space: Space<Item>, random: () => number): Item {
  if (space.size === 0n)
    throw new ProCacheError(
      'infeasible-constraints',
      'there is nothing to draw from: the space is empty; loosen its constraints',
    );
  return space.at(uniformRank(space.size, random));
}

/**
 * So many different items in random order, each set of them as likely as any other; all where there are no more.
 *
 * The first `count` swaps of Fisher and Yates' shuffle over the ranks, of which only those that were moved are kept.
 */
export function drawDistinct<Item>(space: Space<Item>, count: number, random: () => number): readonly Item[] {
  const moved = new Map<bigint, bigint>();
  const total = space.size < BigInt(count) ? Number(space.size) : count;
  return Array.from({ length: total }, (_, i) => {
    const position = BigInt(i);
    const chosen = position + uniformRank(space.size - position, random);
    const rank = moved.get(chosen) ?? chosen;
    moved.set(chosen, moved.get(position) ?? position);
    return space.at(rank);
  });
}

/** Bits that a rank is drawn with beyond those of the size: what a rank can be too likely by is 2^-64. */
const SPARE_BITS = 64;
/** Bits that one random number is asked for: as many as `uniforms` of core has. */
const BITS_PER_DRAW = 24;

/** An integer uniform in [0, size), by multiplication instead of rejection: as many random numbers each time. */
function uniformRank(size: bigint, random: () => number): bigint {
  const bits = size.toString(2).length + SPARE_BITS;
  let drawn = 0n;
  let have = 0;
  for (; have < bits; have += BITS_PER_DRAW)
    drawn = (drawn << BigInt(BITS_PER_DRAW)) | BigInt(Math.floor(random() * 2 ** BITS_PER_DRAW));
  return (drawn * size) >> BigInt(have);
}

/** A rank of a space; anything else is the caller's mistake. */
export function checkedRank(rank: bigint, size: bigint): bigint {
  if (rank >= 0n && rank < size) return rank;
  throw new RangeError(`rank ${rank} is outside a space of ${size} items`);
}
