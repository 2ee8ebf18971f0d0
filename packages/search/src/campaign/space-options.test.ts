import type { Topology } from '@procache/core';
import { describe, expect, it } from 'vitest';
import { searchSpace, type SpaceOptions } from './space-options.ts';

const topology: Topology = { blocks: Array.from({ length: 12 }, () => ['attn', 'mlp']), grid: [8, 8] };
const model = { topology, hoists: true };
const space = (options: SpaceOptions, budget: number) => searchSpace(options, model, 50).spaceOf(budget);

describe('searchSpace', () => {
  it("has the paper's spaces: every pattern of the published bounds, with Eq. 7", () => {
    // The counts of the published budgets: 9 of 17 (the shipped pattern among them), 25 of 13, 21 of 11.
    expect([17, 13, 11].map((budget) => space({ paper: true }, budget).size)).toEqual([9n, 25n, 21n]);
    const shipped = `${'#.+.'.repeat(6)}${'#.+'.repeat(4)}${'#.'.repeat(7)}`;
    expect(space({ paper: true }, 17).rankOf(shipped)).toBeDefined();
    expect(space({ paper: true, gaps: 'any' }, 17).size).toBeGreaterThan(1000n);
  });

  it('has a letter for each degree of forecast of branches and of the stack', () => {
    const { alphabet, reuse } = searchSpace({}, model, 50);
    expect(alphabet.reused).toEqual(['1', '2', '3', '4', '~', 'a', 'b', 'c']);
    expect(reuse.filter(({ span }) => span)).toHaveLength(4);
    expect(searchSpace({ forecast: [0], features: 'branches' }, model, 50).alphabet.reused).toEqual(['.']);
  });

  it('has selective steps beside every way of reusing the branches', () => {
    const { alphabet, spaceOf } = searchSpace(
      { forecast: [0, 2], selective: [{ ratio: 0.3 }, { ratio: 0.1, from: 6 }] },
      model,
      50,
    );
    expect(alphabet.selective).toHaveLength(4);
    expect(alphabet.legend[alphabet.selective[0]!]).toEqual([
      { do: 'reuse' },
      { do: 'refresh', ratio: 0.3, blocks: [9, 11], modules: ['mlp'] },
    ]);
    expect(alphabet.legend[alphabet.selective[2]!]![1]).toMatchObject({ blocks: [6, 11], ratio: 0.1 });
    const [letter] = alphabet.selective;
    expect(spaceOf(25).rankOf(`#.${letter!}.${'#.'.repeat(22)}##`)).toBeDefined();
  });

  it('lets steps of a gap differ where asked', () => {
    const own = space({ mix: 'step', forecast: [0, 1], features: 'branches' }, 25);
    expect(own.rankOf(`#.1${'#.'.repeat(23)}#`)).toBeDefined();
    expect(space({ forecast: [0, 1], features: 'branches' }, 25).rankOf(`#.1${'#.'.repeat(23)}#`)).toBeUndefined();
  });

  it('stores the stack alone where folding many features is dear', () => {
    const { reuse } = searchSpace({}, { topology, hoists: false }, 50);
    expect(reuse.map(({ span }) => span)).toEqual(Array.from({ length: 4 }, () => [0, 11]));
  });

  it.each([
    [{ paper: true, forecast: [1] }, '--paper says what reused steps do, and so does --forecast; leave one'],
    [{ forecast: [0], rule: 'taylor' }, '--rule belongs to --forecast with an order above 0; add it'],
    [{ forecast: [0], features: 'branches', mix: 'step' }, '--mix belongs to several orders of --forecast'],
    [{ features: 'stack', selective: [{ ratio: 0.3 }] }, '--selective refreshes features of branches, and --features'],
    [{ selective: [{ ratio: 0.3, from: 12 }] }, "--selective: block 12 is outside the model's 12 blocks (0-11)"],
  ] as const)('refuses %j, by the names that its options have elsewhere', (options, message) => {
    expect(() => searchSpace(options, model, 50, (option) => `--${option}`)).toThrow(message);
  });
});
