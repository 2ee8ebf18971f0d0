import { openCheckpointFiles } from '@procache/backend-node';
import { openModel, type TransformerModel } from '@procache/model';
import { zooModel } from '@procache/zoo';
import { beforeAll, describe, expect, it } from 'vitest';
import type { SpaceFlags } from './search-flags.ts';
import { chooseSpace } from './space-choice.ts';

const usual: SpaceFlags = {};
let model: TransformerModel;

beforeAll(async () => {
  const opened = await openCheckpointFiles(zooModel('fashion-dit').folder);
  model = await openModel(opened.checkpoint, opened.config);
  await opened.close();
});

const space = (flags: Partial<SpaceFlags>, budget: number) =>
  chooseSpace({ ...usual, ...flags }, model, 50).spaceOf(budget);

describe('chooseSpace', () => {
  it("has the paper's spaces: every pattern of the published bounds, with Eq. 7", () => {
    // The counts of the published budgets: 9 of 17 (the shipped pattern among them), 25 of 13, 21 of 11.
    expect([17, 13, 11].map((budget) => space({ paper: true }, budget).size)).toEqual([9n, 25n, 21n]);
    const shipped = `${'#.+.'.repeat(6)}${'#.+'.repeat(4)}${'#.'.repeat(7)}`;
    expect(space({ paper: true }, 17).rankOf(shipped)).toBeDefined();
    expect(space({ paper: true, gaps: 'any' }, 17).size).toBeGreaterThan(1000n);
  });

  it('has a letter for each degree of forecast of branches and of the stack', () => {
    const { alphabet, reuse } = chooseSpace(usual, model, 50);
    expect(alphabet.reused).toEqual(['1', '2', '3', '4', '~', 'a', 'b', 'c']);
    expect(reuse.filter(({ span }) => span)).toHaveLength(4);
    expect(chooseSpace({ ...usual, forecast: [0], features: 'branches' }, model, 50).alphabet.reused).toEqual(['.']);
  });

  it('has selective steps beside every way of reusing the branches', () => {
    const { alphabet, spaceOf } = chooseSpace(
      { ...usual, forecast: [0, 2], selective: [{ ratio: 0.3 }, { ratio: 0.1, from: 6 }] },
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
});
