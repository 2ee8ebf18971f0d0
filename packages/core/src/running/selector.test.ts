import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SelectorSettings } from '../schedule/schedule.ts';
import { createSelector } from './selector.ts';

const branch = '0.mlp';
/** Rows of one image each. */
const rows = (...scores: number[][]) => Float32Array.from(scores.flat());
const one = (settings: SelectorSettings, grid: readonly [number, number] = [2, 2], images = 1) =>
  createSelector(settings, { grid, images, seed: 0 });

describe('createSelector', () => {
  it('takes the highest scores of each image, in ascending order of the tokens', () => {
    const selector = one({ score: 'attention' }, [2, 2], 2);
    selector.observe(branch, rows([0.1, 0.9, 0.2, 0.8], [5, 1, 2, 3]));
    expect(selector.select(branch, 2, 0, 0)).toEqual({ count: 2, indices: Int32Array.of(1, 3, 0, 3) });
  });

  it('gives ties to the token with the lower index', () => {
    const selector = one({ score: 'attention' });
    selector.observe(branch, rows([1, 1, 1, 1]));
    expect([...selector.select(branch, 3, 0, 0).indices]).toEqual([0, 1, 2]);
  });

  it('sorts the tokens as numbers', () => {
    const selector = one({ score: 'attention' }, [3, 4]);
    selector.observe(
      branch,
      Float32Array.from({ length: 12 }, (_, i) => (i === 2 || i >= 10 ? 1 : 0)),
    );
    expect([...selector.select(branch, 3, 0, 0).indices]).toEqual([2, 10, 11]);
  });

  it('adds age for each call that passed a token over', () => {
    // Normalised: 0.6, 0.8, 0, 0. Passed over once, a token gains 0.7.
    const selector = one({ score: 'attention', age: 0.7 }, [1, 4]);
    selector.observe(branch, rows([3, 4, 0, 0]));
    expect([...selector.select(branch, 1, 0, 0).indices]).toEqual([1]); // 0.6 0.8 0 0
    expect([...selector.select(branch, 1, 1, 0).indices]).toEqual([0]); // 1.3 0.8 0.7 0.7
    expect([...selector.select(branch, 2, 2, 0).indices]).toEqual([1, 2]); // 0.6 1.5 1.4 1.4
    expect([...selector.select(branch, 1, 3, 0).indices]).toEqual([3]); // 1.3 0.8 0 2.1
  });

  it('counts calls for no token, of which it only hears the number', () => {
    const selector = one({ score: 'attention', age: 0.3 }, [1, 2]);
    selector.observe(branch, rows([3, 4]));
    expect([...selector.select(branch, 1, 0, 0).indices]).toEqual([1]);
    expect([...selector.select(branch, 1, 4, 0).indices]).toEqual([0]); // 0.6 + 4 * 0.3 beats 0.8 + 3 * 0.3
    expect([...selector.select(branch, 1, 5, 0).indices]).toEqual([1]); // 0.6 against 0.8 + 4 * 0.3
  });

  it('forgets ages when the branch is computed', () => {
    const selector = one({ score: 'attention', age: 10 }, [1, 2]);
    selector.observe(branch, rows([3, 4]));
    expect([...selector.select(branch, 1, 0, 0).indices]).toEqual([1]);
    expect([...selector.select(branch, 1, 1, 1).indices]).toEqual([1]);
    expect([...selector.select(branch, 1, 2, 1).indices]).toEqual([0]);
  });

  it('keeps the ages of branches apart', () => {
    const selector = one({ score: 'attention', age: 10 }, [1, 2]);
    for (const each of ['0.mlp', '1.mlp'] as const) {
      selector.observe(each, rows([3, 4]));
      expect([...selector.select(each, 1, 0, 0).indices]).toEqual([1]);
    }
  });

  it('raises the best token of each cell', () => {
    // Cells of 1x2: the best of the right one, 0.5, becomes 0.9 and overtakes 0.8.
    const settings: SelectorSettings = { score: 'attention', cells: [1, 2], bonus: 0.8 };
    const selector = one(settings, [1, 4]);
    selector.observe(branch, rows([0.9, 0.8, 0.5, 0.1]));
    expect([...selector.select(branch, 2, 0, 0).indices]).toEqual([0, 2]);
    const without = one({ ...settings, bonus: 0 }, [1, 4]);
    without.observe(branch, rows([0.9, 0.8, 0.5, 0.1]));
    expect([...without.select(branch, 2, 0, 0).indices]).toEqual([0, 1]);
  });

  it('tiles the grid row by row', () => {
    // Cells of 2x2 on 2x4 tokens: {0, 1, 4, 5} and {2, 3, 6, 7}.
    const selector = one({ score: 'attention', cells: [2, 2], bonus: 100 }, [2, 4]);
    selector.observe(branch, rows([9, 9, 2, 1, 9, 10, 1, 1]));
    expect([...selector.select(branch, 2, 0, 0).indices]).toEqual([2, 5]);
  });

  it('shares one choice between the halves of guidance', () => {
    const selector = one({ score: 'attention', paired: true }, [1, 2], 4);
    selector.observe(branch, rows([0.9, 0.1], [0.1, 0.9], [0.2, 0.3], [0.3, 0.2]));
    // The means of the normalised scores favour token 0 in the first pair, token 1 in the second.
    expect([...selector.select(branch, 1, 0, 0).indices]).toEqual([0, 1, 0, 1]);
  });

  it('draws at random from its seed, whatever it observes', () => {
    const draw = (seed: number) => {
      const selector = createSelector({ score: 'random' }, { grid: [4, 4], images: 2, seed });
      return [...selector.select(branch, 5, 0, 0).indices];
    };
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
    expect(draw(1).slice(0, 5)).not.toEqual(draw(1).slice(5));
  });

  it('stands scores of nothing but 0', () => {
    const selector = one({ score: 'attention' });
    selector.observe(branch, new Float32Array(4));
    expect([...selector.select(branch, 2, 0, 0).indices]).toEqual([0, 1]);
  });

  it('refuses cells that do not tile the grid, and a batch without halves', () => {
    expect(() => one({ score: 'attention', cells: [2, 2], bonus: 0.6 }, [3, 4])).toThrow(
      "schedule.selector.cells: cells of 2x2 do not tile the model's 3x4 tokens; use divisors, or a bonus of 0",
    );
    expect(() => one({ score: 'attention', cells: [2, 2], bonus: 0 }, [3, 4])).not.toThrow();
    expect(() => one({ score: 'attention', paired: true }, [2, 2], 3)).toThrow(
      'schedule.selector.paired: a batch of 3 has no two halves',
    );
  });
});

/**
 * The selection of ToCa as its code goes (`score_evaluate`, `update_cache`): counters per token that go up
 * at each selective call, and to 0 for the tokens chosen or computed; scores are reshaped into cells.
 */
class Toca {
  readonly #counters: number[][];
  #scores: number[][] = [];
  readonly #settings: Required<Pick<SelectorSettings, 'age' | 'cells' | 'bonus'>>;
  readonly #grid: readonly [number, number];

  constructor(
    settings: Required<Pick<SelectorSettings, 'age' | 'cells' | 'bonus'>>,
    grid: readonly [number, number],
    images: number,
  ) {
    this.#settings = settings;
    this.#grid = grid;
    this.#counters = Array.from({ length: images }, () => new Array<number>(grid[0] * grid[1]).fill(0));
  }

  compute(scores: number[][]): void {
    this.#scores = scores;
    for (const counters of this.#counters) counters.fill(0);
  }

  select(count: number): number[] {
    return this.#counters.flatMap((counters, image) => {
      const norm = Math.sqrt(this.#scores[image]!.map((s) => s ** 2).reduce((a, b) => a + b));
      const scores = this.#scores[image]!.map((s, token) => s / norm + this.#settings.age * counters[token]!);
      const raised = [...scores];
      const [height, width] = this.#settings.cells;
      const cellOf = (token: number) =>
        [Math.floor(Math.floor(token / this.#grid[1]) / height), Math.floor((token % this.#grid[1]) / width)].join();
      for (const cell of new Set(scores.map((_, token) => cellOf(token)))) {
        const own = scores.map((score, token) => (cellOf(token) === cell ? score : -1));
        const top = own.indexOf(Math.max(...own));
        raised[top] = scores[top]! + this.#settings.bonus * scores[top]!;
      }
      const order = raised
        .map((score, token) => ({ score, token }))
        .sort((a, b) => b.score - a.score || a.token - b.token);
      const chosen = order.slice(0, count).map(({ token }) => token);
      for (const token of counters.keys()) counters[token]! += 1;
      for (const token of chosen) counters[token] = 0;
      return chosen.sort((a, b) => a - b);
    });
  }
}

describe('the selector', () => {
  it("chooses ToCa's tokens, call by call", () => {
    const grid = [4, 4] as const;
    const score = fc.integer({ min: 1, max: 1000 });
    const scores = fc.array(fc.array(score, { minLength: 16, maxLength: 16 }), { minLength: 2, maxLength: 2 });
    const event = fc.oneof({ weight: 1, arbitrary: scores }, { weight: 3, arbitrary: fc.integer({ min: 0, max: 16 }) });
    const settings = fc.record({
      age: fc.constantFrom(0, 0.0625, 0.083, 1),
      cells: fc.constantFrom([1, 1] as const, [2, 2] as const, [1, 4] as const, [4, 2] as const),
      bonus: fc.constantFrom(0, 0.4, 0.6, 2),
    });
    fc.assert(
      fc.property(settings, scores, fc.array(event, { maxLength: 12 }), (chosen, first, events) => {
        const selector = createSelector({ score: 'attention', ...chosen }, { grid, images: 2, seed: 0 });
        const toca = new Toca(chosen, grid, 2);
        let [call, since] = [0, 0];
        for (const each of [first, ...events]) {
          if (typeof each === 'number') {
            const expected = toca.select(each);
            if (each > 0) expect([...selector.select(branch, each, call, since).indices]).toEqual(expected);
            call++;
          } else {
            selector.observe(branch, rows(...each));
            toca.compute(each);
            since = call;
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});
