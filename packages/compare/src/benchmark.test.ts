import { byName, diffusionSteps, type ModelCost, planOf } from '@procache/core';
import { describe, expect, it } from 'vitest';
import { type Benchmark, benchmarkRows, benchmarkText, type Contestant, type Timing } from './index.ts';

const topology = { blocks: [['attn', 'mlp']], grid: [2, 2] } as const;
const contestant = (name: string): Contestant => ({
  name,
  plan: planOf(byName(name, topology, 6), topology),
  steps: diffusionSteps(6),
  conditions: [1, 2],
});
const contestants = [contestant('uncached'), contestant('fora-2')];
const timing = (name: string, median: number, kinds: Timing['kinds']): Timing => ({
  name,
  milliseconds: [median],
  median,
  kinds,
  records: [],
  batch: 4,
  last: { latents: new Float32Array(), records: [], milliseconds: median },
});
const timings = [
  timing('uncached', 3000, { computed: { steps: 6, median: 500 } }),
  timing('fora-2', 1500, { computed: { steps: 3, median: 500 }, reused: { steps: 3, median: 2.5 } }),
];
const benchmark = (rest: Partial<Benchmark> = {}): Benchmark => ({
  model: 'small',
  steps: 6,
  images: 2,
  guidance: 1.5,
  threads: 2,
  rounds: 3,
  plainMilliseconds: 480,
  contestants: [
    { name: 'uncached', milliseconds: 3000, speedUp: 1, multiplyAddRatio: 1, kinds: timings[0]!.kinds, peakBytes: 2e8 },
    {
      name: 'fora-2',
      milliseconds: 1500,
      speedUp: 2,
      multiplyAddRatio: 1.98,
      kinds: timings[1]!.kinds,
      peakBytes: undefined,
    },
  ],
  ...rest,
});

describe('benchmarkRows', () => {
  it('puts times beside the first, and arithmetic and memory to them', () => {
    const cost: ModelCost = {
      topology,
      moduleMultiplyAdds: () => 100,
      ...{ embedding: 10, head: 10, conditioning: 0, preparation: 0, featureBytes: 4, weightBytes: 4 },
    };
    const rows = benchmarkRows(contestants, { timings, peaks: [5, undefined] }, cost);
    expect(rows.map(({ name, speedUp, peakBytes }) => ({ name, speedUp, peakBytes }))).toEqual([
      { name: 'uncached', speedUp: 1, peakBytes: 5 },
      { name: 'fora-2', speedUp: 2, peakBytes: undefined },
    ]);
    // 6 steps of 2 modules, 100 each, and 20 besides; or 4 of them
    expect(rows.map(({ multiplyAddRatio }) => multiplyAddRatio)).toEqual([1, (6 * 220) / (4 * 220 + 2 * 20)]);
  });
});

describe('benchmarkText', () => {
  it('is a table of runs, one of kinds of steps, and the plain model', () => {
    expect(benchmarkText(benchmark())).toBe(
      [
        'small: 6 steps, 2 x 2 for guidance 1.5, 2 threads',
        'medians of 3 interleaved rounds, wall clock',
        '',
        'schedule  seconds  speed-up  multiply-adds  peak memory',
        '--------  -------  --------  -------------  -----------',
        'uncached     3.00     1.00x  1/1.00             0.20 GB',
        'fora-2       1.50     2.00x  1/1.98                   -',
        '',
        'schedule  kind of step  steps  median ms  of a computed one',
        '--------  ------------  -----  ---------  -----------------',
        'uncached  computed          6     500.00           100.00 %',
        'fora-2    computed          3     500.00           100.00 %',
        'fora-2    reused            3       2.50             0.50 %',
        '',
        'plain single-graph model: 480.00 ms; an uncached step takes 500.00 ms (+4.2 %)',
        '',
      ].join('\n'),
    );
  });

  it('says what is not the usual', () => {
    const text = benchmarkText(
      benchmark({ model: 'a '.repeat(60), guidance: 1, threads: 1, rounds: 1, plainMilliseconds: undefined }),
    );
    expect(text).toContain('batch of 2, 1 thread\none round, wall clock\n');
    expect(text).not.toContain('plain');
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });
});
