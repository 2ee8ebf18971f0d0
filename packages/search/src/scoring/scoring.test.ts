import { fora, uncached } from '@procache/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { conditionOf, smallModel, smallSteps } from '../testing/small-model.ts';
import { comparison, LATENT_ERROR, type Render } from './comparison.ts';
import { checkObjectives, lossesOf } from './evaluator.ts';
import { meanInterval, pairedDifference } from './interval.ts';
import { paretoFront } from './pareto.ts';
import { pooledRender } from './pool.ts';
import { renderer, type RendererOptions } from './renderer.ts';
import { affords, budgetFor, millisecondsOf } from './target.ts';

describe('meanInterval', () => {
  // scipy.stats.t.ppf(0.975, df)
  it.each([
    [1, 12.706205],
    [2, 4.302653],
    [3, 3.182446],
    [7, 2.364624],
    [30, 2.042272],
  ])('is as wide as Student says with %i degrees of freedom', (degrees, quantile) => {
    const values = Array.from({ length: degrees + 1 }, (_, i) => i);
    const { mean, low, high } = meanInterval(values);
    const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / degrees);
    expect((high - mean) / (deviation / Math.sqrt(degrees + 1)) / quantile).toBeCloseTo(1, 2);
    expect(mean - low).toBeCloseTo(high - mean);
  });

  it('knows nothing of one value, or of one that is not finite', () => {
    expect(meanInterval([3])).toEqual({ mean: 3, low: -Infinity, high: Infinity });
    expect(meanInterval([3, Infinity])).toEqual({ mean: Infinity, low: -Infinity, high: Infinity });
  });

  it('sees through what two schedules have in common', () => {
    const hard = [1, 50, 3, 700, 20, 8];
    const difference = pairedDifference(
      hard.map((value) => value + 1),
      hard,
    );
    expect(difference.low).toBeGreaterThan(0.99);
    expect(difference.high).toBeLessThan(1.01);
    expect(pairedDifference([Infinity, 1], [Infinity, 1]).mean).toBe(0);
  });
});

describe('paretoFront', () => {
  const points = fc.array(fc.tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 5 })), {
    minLength: 1,
    maxLength: 20,
  });

  it('has what nothing beats, and beats all else', () => {
    fc.assert(
      fc.property(points, (all) => {
        const front = paretoFront(all, (point) => point);
        const covers = (a: readonly number[], b: readonly number[]): boolean => a[0]! <= b[0]! && a[1]! <= b[1]!;
        for (const point of front) expect(front.filter((other) => covers(other, point))).toEqual([point]);
        for (const point of all) expect(front.some((other) => covers(other, point))).toBe(true);
      }),
    );
  });
});

describe('a target', () => {
  const times = { once: 5, letters: { '#': 20, '.': 1, '+': 4 } };

  it('of computed steps counts them', () => {
    expect(affords({ computed: 2 })('#.+#')).toBe(true);
    expect(affords({ computed: 2 })('#.##')).toBe(false);
    expect(budgetFor({ computed: 7 }, 50, '.')).toBe(7);
  });

  it('of time adds up what the letters take', () => {
    expect(millisecondsOf('#.+#', times)).toBe(50);
    expect(affords({ milliseconds: 50, times })('#.+#')).toBe(true);
    expect(affords({ milliseconds: 49.9, times })('#.+#')).toBe(false);
    const budget = budgetFor({ milliseconds: 300, times }, 50, '.');
    expect(millisecondsOf('#'.repeat(budget) + '.'.repeat(50 - budget), times)).toBeLessThanOrEqual(300);
    expect(millisecondsOf('#'.repeat(budget + 1) + '.'.repeat(49 - budget), times)).toBeGreaterThan(300);
  });

  it('that nothing meets is refused with both numbers', () => {
    expect(() => budgetFor({ milliseconds: 60, times }, 50, '.')).toThrow(
      'with one computed step it takes 74.0 ms, and the target is 60 ms',
    );
    expect(() => budgetFor({ computed: 0 }, 50, '.')).toThrow(
      expect.objectContaining({ code: 'infeasible-constraints' }),
    );
  });

  it('needs to know how long each letter takes', () => {
    expect(() => millisecondsOf('#x', times)).toThrow("how long a step 'x' takes is not known (only #, ., +)");
  });
});

describe('renderer', () => {
  it('leads each image away from what belongs to what it shows', async () => {
    const guidance = { scale: 3, unconditional: 7, channels: 2 };
    const plain = uncached({ steps: 3 });
    const drawn = (own: Partial<RendererOptions>) =>
      renderer(smallModel(), { stepsOf: smallSteps, conditionOf, guidance, ...own })(plain, [0, 1]);
    const [first, second] = await drawn({ unconditionalOf: (condition) => (condition === 0 ? 7 : 8) });
    expect(first).toEqual((await drawn({}))[0]);
    expect(second).toEqual((await drawn({ guidance: { ...guidance, unconditional: 8 } }))[1]);
    expect(second).not.toEqual((await drawn({}))[1]);
  });
});

describe('comparison', () => {
  const render = renderer(smallModel(), { stepsOf: smallSteps, conditionOf });
  const plain = uncached({ steps: 6 });
  const images = (seeds: readonly number[]) => render(plain, seeds);

  it('scores each image beside its uncached self, and the set as a whole', async () => {
    const asked: (readonly number[])[] = [];
    const evaluator = comparison({
      render,
      uncached: (seeds) => (asked.push(seeds), images(seeds)),
      measures: [
        LATENT_ERROR,
        { name: 'count', better: 'higher', judges: 'set', ofSet: (all, seeds) => all.length * 100 + seeds.length },
      ],
    });
    expect(await evaluator.evaluate(plain, [0, 1])).toEqual({ 'latent-error': [0, 0], count: 202 });
    const { 'latent-error': errors } = await evaluator.evaluate(fora({ steps: 6, interval: 2 }), [1, 2, 5]);
    expect((errors as readonly number[]).every((error) => error > 0)).toBe(true);
    expect(asked).toEqual([
      [0, 1],
      [2, 5],
    ]);
  });

  it('asks for each uncached image once, even side by side, and again after a failure', async () => {
    const asked: number[] = [];
    let fails = true;
    const uncachedImages = async (seeds: readonly number[]): ReturnType<Render> => {
      asked.push(...seeds);
      if (fails) throw new Error('out of memory');
      return images(seeds);
    };
    const evaluator = comparison({ render, uncached: uncachedImages, measures: [LATENT_ERROR] });
    await expect(evaluator.evaluate(plain, [0, 1])).rejects.toThrow('out of memory');
    fails = false;
    await Promise.all([evaluator.evaluate(plain, [0, 1]), evaluator.evaluate(plain, [1, 2])]);
    expect(asked).toEqual([0, 1, 0, 1, 2]);
  });

  it('gives an image the same noise and label in whatever batch it comes', async () => {
    const [a, b, c] = await images([7, 8, 9]);
    const [alone] = await images([8]);
    const [first, , , fourth] = await images([7, 9, 1, 8]);
    expect(alone).toEqual(b);
    expect(first).toEqual(a);
    expect(fourth).toEqual(b);
    expect(c).not.toEqual(b);
  });

  it('renders schedules of other lengths with the steps that those take', async () => {
    const [long] = await images([3]);
    const [short] = await render(uncached({ steps: 3 }), [3]);
    expect(short).toHaveLength(long!.length);
    expect(short).not.toEqual(long);
  });

  it('turns scores into losses', () => {
    expect(lossesOf({ psnr: [30, NaN] }, { name: 'psnr', better: 'higher', judges: 'image' })).toEqual([-30, Infinity]);
    expect(lossesOf({ frechet: 3 }, { name: 'frechet', better: 'lower', judges: 'set' })).toEqual([3]);
    expect(() => lossesOf({ frechet: 3 }, { name: 'ssim', better: 'higher', judges: 'image' })).toThrow(
      "gives no score 'ssim' (it gives frechet)",
    );
  });

  it('refuses objectives that it has no data for', () => {
    const evaluator = comparison({ render, uncached: images, measures: [LATENT_ERROR] });
    expect(() => checkObjectives(['latent-error'], evaluator)).not.toThrow();
    expect(() => checkObjectives(['frechet'], evaluator)).toThrow(
      "there is no objective 'frechet' here (there are latent-error); give the data that it needs",
    );
  });

  it('refuses images of other sizes', () => {
    expect(() => LATENT_ERROR.of(new Float32Array(4), new Float32Array(5))).toThrow(
      'an image of 4 numbers cannot be compared with one of 5',
    );
  });
});

describe('pooledRender', () => {
  const plain = uncached({ steps: 1 });
  const image = (seed: number) => Float32Array.of(seed);

  it('deals seeds out in batches, keeps every render busy with one, and gives the images in their order', async () => {
    const busy = [0, 0];
    let most = 0;
    const parts: (readonly number[])[] = [];
    const renderOf =
      (i: number): Render =>
      async (_, seeds) => {
        parts.push(seeds);
        expect(++busy[i]!).toBe(1);
        most = Math.max(most, busy[0]! + busy[1]!);
        for (let turn = 0; turn < 5 * (1 + i); turn++) await Promise.resolve();
        busy[i]!--;
        return seeds.map(image);
      };
    const both = pooledRender([renderOf(0), renderOf(1)], 2);
    expect(await both(plain, [5, 1, 4, 2, 3])).toEqual([5, 1, 4, 2, 3].map(image));
    expect(most).toBe(2);
    expect(parts).toEqual([[5, 1], [4, 2], [3]]);
  });

  it('frees a render that failed, and waits for the others', async () => {
    let running = 0;
    const failing: Render = async (_, seeds) => {
      running++;
      for (let turn = 0; turn < seeds[0]!; turn++) await Promise.resolve();
      running--;
      if (seeds[0] === 3) throw new Error('lost');
      return seeds.map(image);
    };
    const both = pooledRender([failing, failing], 1);
    await expect(both(plain, [3, 9])).rejects.toThrow('lost');
    expect(running).toBe(0);
    expect(await both(plain, [1, 2, 4])).toHaveLength(3);
  });

  it('does not begin what was stopped while it waited', async () => {
    const asked: number[] = [];
    const slow: Render = (_, seeds) => (asked.push(seeds[0]!), Promise.resolve(seeds.map(image)));
    let stopped = false;
    const signal = {
      throwIfAborted: () => {
        if (stopped) throw new Error('stopped');
      },
    };
    const only = pooledRender([slow]);
    const [first, second] = [only(plain, [0]), only(plain, [1], signal)];
    stopped = true;
    await first;
    await expect(second).rejects.toThrow('stopped');
    expect(asked).toEqual([0]);
  });
});
