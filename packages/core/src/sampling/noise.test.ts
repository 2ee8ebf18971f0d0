import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { uncached } from '../methods/uncached.ts';
import { planOf } from '../plan/lower.ts';
import { referenceTransformer } from '../reference/index.ts';
import { generate } from '../running/generate.ts';
import type { Transformer } from '../running/transformer.ts';
import { diffusionSteps } from './diffusion.ts';
import { noiseStreams, seedsOf } from './noise.ts';
import { gaussian, gaussians, gaussiansOfWords, MAX_SEED, type Seed } from './random.ts';

const NUMBERS = 1024;
const UPPER = 2 ** 31;

/** Seeds of the whole range, and the places where something could turn over. */
const edges: readonly Seed[] = [
  0,
  1,
  5,
  42,
  UPPER - 1,
  UPPER,
  UPPER + 5,
  3_000_000_000,
  2 ** 32 - 1,
  2 ** 32,
  2 ** 32 + 42,
  2 ** 32 + UPPER,
  2 ** 53 - 1,
  2n ** 53n,
  9_007_199_254_740_993n,
  2n ** 63n - 1n,
  2n ** 63n,
  MAX_SEED - 1n,
  MAX_SEED,
];
const anySeed: fc.Arbitrary<Seed> = fc.oneof(
  fc.constantFrom(...edges),
  fc.bigInt({ min: 0n, max: MAX_SEED }),
  fc.integer({ min: UPPER, max: 2 ** 32 - 1 }),
);

function deviation(values: Float32Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}

/** Of independent numbers about 1 / sqrt(1024) = 0.03 off 0. */
function correlation(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0) / a.length;
}

describe('noiseStreams', () => {
  test('what is injected is independent of what the images begin with, for seeds of the whole range', () => {
    const check = (seed: Seed) => {
      const seeds = seedsOf(seed, 3);
      const streams = noiseStreams(seeds);
      const start = streams.start(NUMBERS);
      const inject = streams.injected();
      const drawn = [start, inject(0, 3 * NUMBERS), inject(1, 3 * NUMBERS)].flatMap((all) =>
        [0, 1, 2].map((i) => all.subarray(i * NUMBERS, (i + 1) * NUMBERS)),
      );
      for (const [i, one] of drawn.entries()) {
        expect(Math.abs(deviation(one) - 1)).toBeLessThan(0.15);
        for (const other of drawn.slice(i + 1)) expect(Math.abs(correlation(one, other))).toBeLessThan(0.2);
      }
    };
    edges.forEach(check);
    fc.assert(fc.property(anySeed, check), { numRuns: 200 });
  });

  test('seeds below 2^31 have the noise that they always had', () => {
    for (const seed of [0, 1, 42, UPPER - 1]) {
      expect(noiseStreams([seed]).start(40)).toEqual(gaussian(seed, 40));
      expect(noiseStreams([seed]).injected()(0, 40)).toEqual(gaussian(UPPER + seed, 40));
    }
  });

  test('every image has the streams that it would have alone, first of its batch', () => {
    fc.assert(
      fc.property(anySeed, fc.integer({ min: 1, max: 4 }), (seed, images) => {
        const seeds = seedsOf(seed, images);
        const [all, alone] = [noiseStreams(seeds), seeds.map((own) => noiseStreams([own]))];
        const [inject, injectAlone] = [all.injected(), alone.map((one) => one.injected())];
        expect([...all.start(20)]).toEqual(alone.flatMap((one) => [...one.start(20)]));
        for (const step of [0, 1])
          expect([...inject(step, images * 20)]).toEqual(injectAlone.flatMap((one) => [...one(step, 20)]));
      }),
      { numRuns: 50 },
    );
  });

  test('each source begins anew', () => {
    const streams = noiseStreams([7, 3_000_000_000]);
    const first = streams.injected();
    const [a, b] = [first(0, 64), first(1, 64)];
    expect(b).not.toEqual(a);
    const again = streams.injected();
    expect([again(0, 64), again(1, 64)]).toEqual([a, b]);
  });

  test('refuses more noise than there is memory for, before it takes any', () => {
    expect(() => noiseStreams(seedsOf(0, 5)).start(2 ** 27)).toThrow(
      '5 images of 134217728 numbers begin with 671088640 numbers of noise; make at most 268435456 at once',
    );
  });
});

test('the words of a stream are mixed as the authors of the generator mix them', () => {
  // mt19937ar.out begins with these for the words of its main(): their low 24 bits, as uniforms.
  const outputs = [
    1067595299, 955945823, 477289528, 4107218783, 4228976476, 3344332714, 3355579695, 227628506, 810200273, 2591290167,
    2560260675, 3242736208, 646746669, 1479517882, 4245472273, 1143372638,
  ];
  const uniform = outputs.map((output) => (output & 0xffffff) / 2 ** 24);
  const radius = Math.sqrt(-2 * Math.log(1 - uniform[0]!));
  expect(gaussiansOfWords([0x123, 0x234, 0x345, 0x456])(16)[0]).toBeCloseTo(
    radius * Math.cos(2 * Math.PI * uniform[8]!),
    6,
  );
});

describe('seedsOf', () => {
  test('counts up without losing a unit, and from the largest seed to 0', () => {
    expect(seedsOf(5, 3)).toEqual([5, 6, 7]);
    expect(seedsOf(2 ** 53 - 2, 3)).toEqual([2 ** 53 - 2, 2 ** 53 - 1, 2n ** 53n]);
    expect(seedsOf(9_007_199_254_740_993n, 2)).toEqual([9_007_199_254_740_993n, 9_007_199_254_740_994n]);
    expect(seedsOf(MAX_SEED, 2)).toEqual([MAX_SEED, 0]);
  });

  test('the low 32 bits of a seed count', () => {
    expect(noiseStreams([2n ** 40n + 42n]).start(20)).toEqual(gaussians(42)(20));
    expect(gaussian(9_007_199_254_740_993n, 20)).toEqual(gaussian(1, 20));
    expect(gaussian(MAX_SEED, 20)).toEqual(gaussian(2 ** 32 - 1, 20));
  });
});

test('after the first step of DDPM the latent is as wide as before, for every seed', async () => {
  const topology = { blocks: [['attn', 'mlp']], grid: [32, 32] } as const;
  const model = referenceTransformer({ topology });
  // It takes all of the latent for noise, as a good model nearly does at the noisiest step.
  const noisy: Transformer<unknown> = {
    ...model,
    condition: () =>
      Promise.resolve({
        execute: ({ latent }) => Promise.resolve({ output: latent, features: new Map(), scores: new Map() }),
        read: () => Promise.reject(new Error('it makes none')),
        release: () => undefined,
        dispose: () => Promise.resolve(),
      }),
  };
  const plan = planOf(uncached({ steps: 20 }), topology);
  for (const seed of [5, 3_000_000_000, 2 ** 32 + 3_000_000_000, MAX_SEED]) {
    const after: number[] = [];
    await generate(noisy, {
      plan,
      steps: diffusionSteps(20),
      conditions: [0, 1],
      seeds: seedsOf(seed, 2),
      sampler: 'ddpm',
      onStep: ({ latent }) => void after.push(deviation(latent)),
    });
    expect(after[0]).toBeCloseTo(1, 1);
  }
});
