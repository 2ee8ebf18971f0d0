import { type Fills, plain } from './fills.ts';
import { checkConstraints, type PatternConstraints } from './pattern-constraints.ts';
import { checkedRank, listed, type Space } from './space.ts';

/**
 * All patterns that meet the constraints of ProCache (Eqs. 2-4) or some of them, counted exactly.
 *
 * A pattern is a row of segments: a computed step, and the gap of reused steps after it, written in one
 * of the ways of `fills`. Counting rows of segments by their total length is a small table, and
 * walking down the table finds the pattern of a rank: nothing is rejected, however large the space.
 */
export class PatternSpace implements Space {
  readonly size: bigint;
  readonly constraints: PatternConstraints;
  readonly #fills: readonly Space[];
  readonly #counts = new Map<string, bigint>();

  /** @throws {ProCacheError} `infeasible-constraints` where no pattern meets the constraints. */
  constructor(constraints: PatternConstraints, fills: Fills = plain()) {
    checkConstraints(constraints);
    this.constraints = constraints;
    this.#fills = Array.from({ length: Math.min(constraints.reuse[1], constraints.steps) + 1 }, (_, gap) => fills(gap));
    this.size = this.#count(constraints.steps, constraints.budget, this.#fills.length);
  }

  at(rank: bigint): string {
    let rest = checkedRank(rank, this.size);
    let { steps, budget } = this.constraints;
    let longest = this.#fills.length;
    let pattern = '';
    for (; budget > 0; budget--) {
      const { length, before, after } = this.#segmentAt(rest, { steps, budget, longest });
      rest -= before;
      pattern += `#${this.#fills[length - 1]!.at(rest / after)}`;
      rest %= after;
      steps -= length;
      longest = this.#longestAfter(length, budget, longest);
    }
    return pattern;
  }

  rankOf(pattern: string): bigint | undefined {
    let { steps, budget } = this.constraints;
    const gaps = gapsOf(pattern);
    if (gaps?.length !== budget || pattern.length !== steps) return undefined;
    let longest = this.#fills.length;
    let rank = 0n;
    for (const gap of gaps) {
      const length = gap.length + 1;
      const fill = this.#lengths(budget, longest).includes(length) ? this.#fills[gap.length]!.rankOf(gap) : undefined;
      if (fill === undefined) return undefined;
      const { before, after } = this.#rowsBefore(length, { steps, budget, longest });
      rank += before + fill * after;
      steps -= length;
      longest = this.#longestAfter(length, budget--, longest);
    }
    return rank;
  }

  *[Symbol.iterator](): Generator<string> {
    for (let rank = 0n; rank < this.size; rank++) yield this.at(rank);
  }

  /** The ways of filling a gap of so many steps; of one that no pattern has, none. */
  fills(gap: number): Space {
    return this.#fills[gap] ?? listed([]);
  }

  /**
   * The member that computes the same steps as a text and writes their gaps most like it, or undefined
   * where no member computes these steps. Moves from pattern to pattern end here.
   */
  settle(pattern: string): string | undefined {
    if (this.rankOf(pattern) !== undefined) return pattern;
    const gaps = gapsOf(pattern) ?? [];
    if (gaps.some(({ length }) => length >= this.#fills.length)) return undefined;
    const settled = gaps.map((gap) => `#${mostAlike(gap, this.#fills[gap.length]!)}`).join('');
    return this.rankOf(settled) === undefined ? undefined : settled;
  }

  /** The segment in which a rank lies: its length, and how many patterns stand before the segments of that length. */
  #segmentAt(rank: bigint, state: State): { readonly length: number; readonly before: bigint; readonly after: bigint } {
    let before = 0n;
    for (const length of this.#lengths(state.budget, state.longest)) {
      const after = this.#after(length, state);
      const ways = this.#fills[length - 1]!.size * after;
      if (rank < before + ways) return { length, before, after };
      before += ways;
    }
    throw new RangeError(`rank ${rank} is outside ${before} patterns`);
  }

  #rowsBefore(length: number, state: State): { readonly before: bigint; readonly after: bigint } {
    let before = 0n;
    for (const other of this.#lengths(state.budget, state.longest)) {
      if (other === length) break;
      before += this.#fills[other - 1]!.size * this.#after(other, state);
    }
    return { before, after: this.#after(length, state) };
  }

  /** How many rows of segments may follow one of this length. */
  #after(length: number, { steps, budget, longest }: State): bigint {
    return this.#count(steps - length, budget - 1, this.#longestAfter(length, budget, longest));
  }

  /** The lengths that a segment may have when so many are left, itself included; the longest first. */
  #lengths(left: number, longest: number): readonly number[] {
    if (this.#isForced(left)) return [1];
    const shortest = this.constraints.reuse[0] + 1;
    return Array.from({ length: Math.max(0, longest - shortest + 1) }, (_, i) => longest - i);
  }

  #isForced(left: number): boolean {
    const { budget, first = 1, last = 0 } = this.constraints;
    return budget - left < first - 1 || left <= last;
  }

  #longestAfter(length: number, left: number, longest: number): number {
    return this.constraints.gaps === 'any' || this.#isForced(left) ? longest : length;
  }

  #count(steps: number, segments: number, longest: number): bigint {
    if (segments === 0) return steps === 0 ? 1n : 0n;
    if (steps < segments || steps > segments * longest) return 0n;
    const key = `${steps}/${segments}/${longest}`;
    const known = this.#counts.get(key);
    if (known !== undefined) return known;
    const state = { steps, budget: segments, longest };
    const count = this.#lengths(segments, longest).reduce(
      (sum, length) => sum + this.#fills[length - 1]!.size * this.#after(length, state),
      0n,
    );
    this.#counts.set(key, count);
    return count;
  }
}

/** How many steps and segments are left, and the longest that a segment may still be. */
interface State {
  readonly steps: number;
  readonly budget: number;
  readonly longest: number;
}

/** The gap after each computed step; undefined for a pattern that does not begin with one. */
function gapsOf(pattern: string): readonly string[] | undefined {
  return pattern.startsWith('#') ? pattern.slice(1).split('#') : undefined;
}

/** The fill that differs from a text in the fewest letters; the first of several. */
function mostAlike(gap: string, fills: Space): string {
  if (fills.rankOf(gap) !== undefined) return gap;
  let best: { readonly fill: string; readonly differences: number } | undefined;
  for (const fill of fills) {
    const differences = Array.from(fill).filter((letter, i) => letter !== gap[i]).length;
    if (!best || differences < best.differences) best = { fill, differences };
  }
  return best?.fill ?? gap;
}
