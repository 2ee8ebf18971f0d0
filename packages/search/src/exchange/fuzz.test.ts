import { checkSchedule, parseSchedule, ProCacheError, type Schedule, scheduleOf, type Topology } from '@procache/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mutated } from '../testing/mutations.ts';
import { fromCacheDit } from './cache-dit.ts';
import { fromEcad, toEcad } from './ecad.ts';
import { fromReferenceList } from './reference-list.ts';
import { fromSmoothCache, toSmoothCache } from './smoothcache.ts';
import { fromBins, fromStepMask } from './step-mask.ts';

const topology: Topology = { blocks: Array.from({ length: 3 }, () => ['attn', 'cross', 'mlp']), grid: [2, 2] };
const schedule = scheduleOf(
  (step, { block, module }) => ({
    do: step === 0 || (step + block) % 3 === 0 || (module === 'mlp' && step === 2) ? 'compute' : 'reuse',
  }),
  5,
  topology,
);

/** Either a schedule that is read back and fits the model, or an error of ours that is no longer than a few lines. */
function expectSound(read: () => Schedule): void {
  const started = Date.now();
  try {
    const made = read();
    expect(parseSchedule(JSON.parse(JSON.stringify(made)))).toEqual(made);
    checkSchedule(made, topology);
  } catch (error) {
    expect(error).toBeInstanceOf(ProCacheError);
    expect((error as Error).message.length).toBeLessThan(500);
  }
  expect(Date.now() - started).toBeLessThan(2000);
}

const settings = {
  cache_config: {
    max_warmup_steps: 8,
    num_inference_steps: 28,
    steps_computation_mask: 'fast',
    enable_taylorseer: true,
  },
  parallelism_config: null,
};
const formats: Readonly<Record<string, readonly [json: unknown, read: (json: unknown) => Schedule]>> = {
  ECAD: [toEcad(schedule, topology, 'x'), (json) => fromEcad(json, topology)],
  SmoothCache: [
    { attn: [1, 0, 1], mlp: [1, 1, 0], ...toSmoothCache(fromStepMask([1, 0, 1]), topology) },
    (json) => fromSmoothCache(json, topology),
  ],
  'SmoothCache by blocks': [toSmoothCache(schedule, topology), (json) => fromSmoothCache(json, topology)],
  "cache-dit's settings": [settings, (json) => fromCacheDit(json).schedule],
  "cache-dit's bins": [
    { compute_bins: [4, 2, 1], cache_bins: [1, 3], total_steps: 9 },
    (json) => fromCacheDit(json, { order: 1 }).schedule,
  ],
  'a list of bins': [[4, 2, 1], (json) => fromBins(json as never, [1, 2])],
  'a mask': [[1, 1, 0, 1], (json) => fromStepMask(json as never)],
  'a list of 0, 1 and 2': [
    [1, 2, 0, 1],
    (json) => fromReferenceList(json as never, { topology, direction: 'noisiest-first' }),
  ],
};

describe('a file of another tool', () => {
  it.each(Object.entries(formats))('is a schedule, or refused with the place: %s', (_, [json, read]) => {
    expectSound(() => read(json));
    expect(() => read(json)).not.toThrow();
    fc.assert(
      fc.property(mutated(json), (odd) => expectSound(() => read(odd))),
      { numRuns: 400 },
    );
  });

  it('is a schedule, or refused with the place: any text as a mask, and as a list', () => {
    const text = fc.oneof(
      fc.string({ maxLength: 60 }),
      fc.string({ unit: fc.constantFrom('0', '1', '2', ',', ' ', '[', ']', '\n', '-', '.'), maxLength: 40 }),
    );
    fc.assert(
      fc.property(text, (odd) => {
        expectSound(() => fromStepMask(odd));
        expectSound(() => fromReferenceList(odd, { topology, direction: 'cleanest-first' }));
      }),
      { numRuns: 1000 },
    );
  });

  it('takes a moment, however long it is', () => {
    const long: Topology = { blocks: Array.from({ length: 28 }, () => ['attn', 'mlp']), grid: [16, 16] };
    const alternating = scheduleOf((step) => ({ do: step % 2 === 0 ? 'compute' : 'reuse' }), 4096, long);
    const written = toEcad(alternating, long, 'long');
    const started = Date.now();
    expect(fromEcad(written, long).pattern).toBe(alternating.pattern);
    expect(fromSmoothCache(toSmoothCache(alternating, long), long).pattern).toBe(alternating.pattern);
    expect(Date.now() - started).toBeLessThan(10_000);
  });
});
