import { uniforms } from '@procache/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { eachGap, eachStep, eitherOf, type Fills, plain, selective } from './fills.ts';
import type { PatternConstraints } from './pattern-constraints.ts';
import { PatternSpace } from './pattern-space.ts';
import { draw, drawDistinct, listed } from './space.ts';

const space = (steps: number, budget: number, reuse: readonly [number, number]) =>
  new PatternSpace({ steps, budget, reuse });

describe('the space of the paper', () => {
  it.each([
    [50, 17, [1, 3], 9n],
    [50, 11, [2, 5], 21n],
    [50, 13, [1, 4], 25n],
    [50, 13, [1, 5], 102n],
    [20, 7, [1, 4], 7n],
    [250, 50, [1, 9], 9_309_243n],
  ] as const)('of %i steps, %i of them computed, and gaps of %j has %i patterns', (steps, budget, reuse, count) => {
    expect(space(steps, budget, reuse).size).toBe(count);
  });

  it('is listed in the order of its ranks', () => {
    expect([...space(9, 3, [1, 4])]).toEqual(['#....#.#.', '#...#..#.', '#..#..#..']);
  });

  it('has the pattern that the published code runs', () => {
    const published = '#...'.repeat(6) + '#..'.repeat(4) + '#.'.repeat(7);
    expect(space(50, 17, [1, 3]).rankOf(published)).toBeDefined();
  });

  it('draws from millions of patterns by rank alone', () => {
    const large = space(250, 50, [1, 9]);
    const pattern = draw(large, uniforms(1));
    expect(large.at(large.rankOf(pattern)!)).toBe(pattern);
  });

  it('is counted in a moment where it is as long as schedules are searched for', () => {
    const long = new PatternSpace({ steps: 1000, budget: 333, reuse: [0, 8], gaps: 'any' }, eachGap('1', '2', '3'));
    expect(String(long.size)).toMatch(/^293892790418\d{379}$/); // the coefficient of x^667 in (1 + 3x + ... + 3x^8)^333
    expect(long.rankOf(long.at(long.size - 1n))).toBe(long.size - 1n);
  });

  it.each([
    [{ steps: 1001, budget: 10, reuse: [0, 200] }, 'steps: 1001 is not an integer between 1 and 1000'],
    [{ steps: 1e9, budget: 1e8, reuse: [0, 20] }, 'steps: 1000000000 is not an integer between 1 and 1000'],
    [{ steps: 50, budget: NaN, reuse: [0, 20] }, 'budget: NaN is not an integer of at least 1'],
    [{ steps: 50, budget: 17, reuse: [-1, 20] }, 'reuse[0]: -1 is not an integer of at least 0'],
    [
      { steps: 1000, budget: 100, reuse: [0, 999] },
      'falling gaps of up to 900 of 1000 steps are more than can be counted',
    ],
  ] as const)('is refused before it is counted: %j', (constraints, message) => {
    expect(() => new PatternSpace(constraints)).toThrow(message);
  });

  it('draws uniformly: chi-square over 25 patterns', () => {
    const patterns = space(50, 13, [1, 4]);
    const random = uniforms(2026);
    const counts = new Map<string, number>();
    const draws = 10_000;
    for (let i = 0; i < draws; i++) {
      const pattern = draw(patterns, random);
      counts.set(pattern, (counts.get(pattern) ?? 0) + 1);
    }
    const expected = draws / 25;
    const statistic = [...patterns].reduce(
      (sum, pattern) => sum + ((counts.get(pattern) ?? 0) - expected) ** 2 / expected,
      0,
    );
    expect(statistic).toBeLessThan(42.98); // the 99 % point of chi-square with 24 degrees of freedom
  });
});

/** All patterns of `#` and `.` that keep the constraints, by trying them all. */
function filtered({
  steps,
  reuse: [least, most],
  budget,
  gaps = 'falling',
  first = 1,
  last = 0,
}: PatternConstraints): readonly string[] {
  const all = Array.from({ length: 2 ** steps }, (_, bits) =>
    Array.from({ length: steps }, (_, i) => ((bits >> i) & 1 ? '#' : '.')).join(''),
  );
  return all.filter((pattern) => {
    if (!pattern.startsWith('#'.repeat(first)) || !pattern.endsWith('#'.repeat(last))) return false;
    const lengths = pattern
      .slice(1)
      .split('#')
      .map((gap) => gap.length);
    const free = lengths.slice(first - 1, lengths.length - last);
    const bounded = free.every((length) => least <= length && length <= most);
    return (
      lengths.length === budget &&
      bounded &&
      (gaps === 'any' || free.every((length, i) => i === 0 || length <= free[i - 1]!))
    );
  });
}

const constraints = fc
  .record({
    steps: fc.integer({ min: 1, max: 10 }),
    budget: fc.integer({ min: 1, max: 10 }),
    least: fc.integer({ min: 0, max: 3 }),
    more: fc.integer({ min: 0, max: 9 }),
    gaps: fc.constantFrom('falling' as const, 'any' as const),
    first: fc.integer({ min: 1, max: 3 }),
    last: fc.integer({ min: 0, max: 3 }),
  })
  .map(({ least, more, ...rest }): PatternConstraints => ({ ...rest, reuse: [least, least + more] }));

describe('PatternSpace', () => {
  it('has exactly the patterns that keep the constraints, and refuses constraints that none keeps', () => {
    fc.assert(
      fc.property(constraints, (given) => {
        const expected = filtered(given);
        if (expected.length === 0)
          expect(() => new PatternSpace(given)).toThrow(expect.objectContaining({ code: 'infeasible-constraints' }));
        else expect([...new PatternSpace(given)].sort()).toEqual([...expected].sort());
      }),
      { numRuns: 400 },
    );
  });

  it('gives a rank and a pattern back for each other, whatever the gaps are filled with', () => {
    const fills = fc.constantFrom<Fills>(
      plain('~'),
      eachGap('.', '2'),
      eachStep('.', '1', '2'),
      eitherOf(plain('~'), selective('~', '+')),
    );
    fc.assert(
      fc.property(constraints, fills, fc.integer({ min: 0 }), (given, fill, seed) => {
        fc.pre(filtered(given).length > 0);
        const own = new PatternSpace(given, fill);
        const pattern = draw(own, uniforms(seed));
        expect(own.at(own.rankOf(pattern)!)).toBe(pattern);
        expect(own.settle(pattern)).toBe(pattern);
        expect(own.rankOf(`${pattern}.`)).toBeUndefined();
        expect(own.rankOf(pattern.replaceAll('#', 'x'))).toBeUndefined();
      }),
    );
  });

  it('counts each way of filling a gap', () => {
    const bounds: PatternConstraints = { steps: 6, budget: 2, reuse: [1, 3], gaps: 'any' };
    expect([...new PatternSpace(bounds, eitherOf(plain('.'), selective('.', '+')))]).toEqual([
      '#...#.',
      '#.+.#.',
      '#..#..',
      '#..#.+',
      '#.+#..',
      '#.+#.+',
      '#.#...',
      '#.#.+.',
    ]);
    expect(new PatternSpace(bounds, eachStep('.', '1')).size).toBe(3n * 16n);
    expect(new PatternSpace({ steps: 50, budget: 10, reuse: [0, 40], gaps: 'any' }, eachStep('.', '1', '2')).size).toBe(
      2_054_455_634n * 3n ** 40n,
    );
  });

  it('settles a text that computes the right steps on the nearest way of filling its gaps', () => {
    const own = new PatternSpace(
      { steps: 8, budget: 2, reuse: [1, 5], gaps: 'any' },
      eitherOf(plain('~'), selective('~', '+')),
    );
    expect(own.settle('#~+.+~#~')).toBe('#~+~+~#~');
    expect(own.settle('#.#.....')).toBe('#~#~~~~~');
    expect(own.settle('#~~~~~~#')).toBeUndefined();
    expect(own.settle('#~~#~~#~')).toBeUndefined();
    expect(own.settle('~~#~~#~~')).toBeUndefined();
  });

  it.each([
    [
      { steps: 70, budget: 11, reuse: [2, 5] },
      'make 33 to 66 steps, but there are 70 to fill; use a budget of 12 to 23, or other bounds',
    ],
    [{ steps: 50, budget: 51, reuse: [0, 5] }, 'the budget is 51 computed steps, but there are only 50; use 1 to 50'],
    [
      { steps: 50, budget: 10, reuse: [5, 2] },
      'reuse is [5, 2], and no gap has at least 5 and at most 2 steps; write [2, 5]',
    ],
    [
      { steps: 50, budget: 3, reuse: [0, 49], first: 3, last: 2 },
      'the first 3 and the last 2 steps are computed, more than a budget of 3',
    ],
    [{ steps: 5, budget: 2, reuse: [2, 2] }, 'but there are 5 to fill; use other bounds'],
  ] as const)('refuses %j with both numbers and the way out', (given, message) => {
    expect(() => new PatternSpace(given)).toThrow(message);
    expect(() => new PatternSpace(given)).toThrow(expect.objectContaining({ code: 'infeasible-constraints' }));
  });

  it.each([{ steps: 1.5 }, { budget: 0 }, { reuse: [-1, 3] as const }])('refuses %j, which is no count', (change) => {
    const given = { steps: 50, budget: 10, reuse: [1, 9] as const, ...change };
    expect(() => new PatternSpace(given)).toThrow(expect.objectContaining({ code: 'invalid-input' }));
  });

  it('has no item beyond its ranks', () => {
    const own = space(50, 17, [1, 3]);
    expect(() => own.at(9n)).toThrow('rank 9 is outside a space of 9 items');
    expect(() => own.at(-1n)).toThrow(RangeError);
  });
});

describe('other spaces', () => {
  it('draw different items, as many as asked for or as there are', () => {
    const items = listed(['a', 'b', 'c', 'b']);
    expect(items.size).toBe(3n);
    expect([...drawDistinct(items, 9, uniforms(1))].sort()).toEqual(['a', 'b', 'c']);
    const firsts = Array.from({ length: 3000 }, (_, seed) => drawDistinct(items, 2, uniforms(seed)));
    for (const item of items) expect(firsts.filter((pair) => pair.includes(item)).length / 3000).toBeCloseTo(2 / 3, 1);
    expect(firsts.every((pair) => new Set(pair).size === 2)).toBe(true);
  });

  it('refuse a draw from nothing', () => {
    expect(() => draw(listed([]), uniforms(1))).toThrow('the space is empty');
  });
});
