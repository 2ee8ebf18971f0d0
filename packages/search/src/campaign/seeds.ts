/** The seeds of a campaign: none is in two of them. */
export interface SeedSets {
  /** What schedules are searched by. */
  readonly search: readonly number[];
  /** What the best race on. */
  readonly final: readonly number[];
  /** What the result is judged on. */
  readonly judge: readonly number[];
}

/** How many images there are of each kind. */
export interface SeedOptions {
  /** Of chance, and the first seed of the images; 0 unless given. */
  readonly seed?: number | undefined;
  /** Images that each schedule is searched by; 16 unless given. */
  readonly seeds?: number | undefined;
  /** Fresh images that the best race on, 0 for none; 64 unless given. */
  readonly finalSeeds?: number | undefined;
  /** Further images that what is found is judged on, 0 for none; 64 unless given. */
  readonly judge?: number | undefined;
}

/** Far apart, so that more seeds of one kind leave the others as they are. */
const FINAL_SEEDS = 100_000;
const JUDGE_SEEDS = 200_000;

export function seedSets({ seed = 0, seeds = 16, finalSeeds = 64, judge = 64 }: SeedOptions): SeedSets {
  const from = (first: number, count: number): readonly number[] => Array.from({ length: count }, (_, i) => first + i);
  return {
    search: from(seed, seeds),
    final: from(seed + FINAL_SEEDS, finalSeeds),
    judge: from(seed + JUDGE_SEEDS, judge),
  };
}

/** The conditions in turn, in strides of about 0.618 of the list, so that a few seeds meet some from all of it. */
export function inTurn<Item>(conditions: readonly Item[]): (seed: number) => Item {
  const count = conditions.length;
  const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));
  let stride = Math.max(1, Math.round(0.618 * count));
  while (divisor(stride, count) > 1) stride++;
  return (seed) => conditions[((seed % count) * stride) % count]!;
}

/** What the image of a seed shows: one of the conditions in turn, of those to judge by where it is judged on. */
export function conditionsOfSeeds<Item>(
  { judge }: SeedSets,
  conditions: readonly Item[],
  judgedBy: readonly Item[],
): (seed: number) => Item {
  const [usual, judged] = [inTurn(conditions), inTurn(judgedBy)];
  const isJudged = new Set(judge);
  return (seed) => (isJudged.has(seed) ? judged(seed) : usual(seed));
}
