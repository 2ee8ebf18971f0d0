import {
  branchesOf,
  checkSchedule,
  parseSchedule,
  policyOf,
  procachePublished,
  type Schedule,
  scheduleOf,
  type Topology,
} from '@procache/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import ecadOfCase from '../../../conformance/fixtures/cases/12-smoothcache-per-block/ecad.json' with { type: 'json' };
import lists from '../../../conformance/fixtures/cases/12-smoothcache-per-block/per-block.json' with { type: 'json' };
import masks from '../../fixtures/cache-dit-masks.json' with { type: 'json' };
import { fromCacheDit } from './cache-dit.ts';
import { fromEcad, toEcad } from './ecad.ts';
import { fromReferenceList, toReferenceList } from './reference-list.ts';
import { fromSmoothCache, toSmoothCache } from './smoothcache.ts';
import { fromBins, fromStepMask, toBins, toStepMask } from './step-mask.ts';
import { checkCircumstances } from '../running/provenance.ts';
import { resample } from '../resample.ts';
import { keyOf } from '../space/alphabet.ts';

const topology: Topology = {
  blocks: [
    ['attn', 'cross', 'mlp'],
    ['attn', 'cross', 'mlp'],
  ],
  grid: [2, 2],
};
const dit: Topology = { blocks: Array.from({ length: 28 }, () => ['attn', 'mlp']), grid: [16, 16] };

/** What a schedule does, branch by branch. */
const tableOf = (schedule: Schedule, own: Topology) => {
  const policy = policyOf(schedule);
  return Array.from(schedule.pattern, (_, step) =>
    branchesOf(own)
      .flat()
      .map((branch) => policy(step, branch).do),
  );
};

/** Schedules that compute some branches and reuse the others. */
const schedules = fc
  .array(fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }), { minLength: 1, maxLength: 8 })
  .map((rows) => {
    const ids = branchesOf(topology)
      .flat()
      .map(({ id }) => id);
    return scheduleOf(
      (step, { id }) => ({ do: step === 0 || rows[step]![ids.indexOf(id)] ? 'compute' : 'reuse' }),
      rows.length,
      topology,
    );
  });

describe('ECAD', () => {
  const step = (ff: boolean) =>
    Object.fromEntries([0, 1].map((block) => [String(block), { attn1: true, attn2: true, ff, custom_compute_ff: {} }]));
  const file = {
    cache_schedule: {
      num_blocks: 2,
      num_inference_steps: 2,
      name: 'x',
      attributes: {},
      schedule: { '000': step(true), '001': step(false) },
    },
    config: {},
    metrics: {},
  };

  it('is read, step 000 first', () => {
    const schedule = fromEcad(file, topology);
    expect(tableOf(schedule, topology)[1]).toEqual(['compute', 'compute', 'reuse', 'compute', 'compute', 'reuse']);
    expect(schedule.notes).toEqual({ source: 'ECAD', name: 'x' });
    expect(parseSchedule(JSON.parse(JSON.stringify(schedule)))).toEqual(schedule);
  });

  it('is written so that it is read as the same', () => {
    fc.assert(
      fc.property(schedules, (schedule) => {
        const written = JSON.parse(JSON.stringify(toEcad(schedule, topology, 'mine'))) as unknown;
        expect(tableOf(fromEcad(written, topology), topology)).toEqual(tableOf(schedule, topology));
      }),
    );
  });

  const broken = (change: object) => ({ cache_schedule: { ...file.cache_schedule, ...change } });
  it.each([
    [{}, 'ecad.cache_schedule: nothing is not an object'],
    [broken({ num_blocks: 28 }), 'ecad.cache_schedule.num_blocks: the file is for 28 blocks, but the model has 2'],
    [broken({ num_inference_steps: 3 }), 'ecad.cache_schedule.schedule: has no step 2 of 3'],
    [broken({ num_inference_steps: 1 }), 'ecad.cache_schedule.schedule: has 2 steps, but num_inference_steps is 1'],
    [
      broken({ num_inference_steps: 0 }),
      'ecad.cache_schedule.num_inference_steps: 0 is not an integer between 1 and 4096',
    ],
    [
      broken({ num_inference_steps: 1e9 }),
      'ecad.cache_schedule.num_inference_steps: 1000000000 is not an integer between 1 and 4096',
    ],
    [null, 'ecad: null is not an object'],
    [broken({ schedule: 'x' }), 'ecad.cache_schedule.schedule: "x" is not an object'],
    [
      broken({ schedule: { '000': step(true), '0': step(true), '001': step(true) } }),
      'schedule["000"]: step 0 is there twice; leave one out',
    ],
    [broken({ schedule: { '000': step(true), one: step(true) } }), 'schedule: "one" is no number of a step'],
    [
      broken({ schedule: { '000': step(true), '001': { ...step(true), 2: {} } } }),
      'schedule["001"]: has 3 blocks, but num_blocks is 2',
    ],
    [
      broken({ schedule: { '000': step(true), '001': { '0': { ff: true, mlp: false }, '1': {} } } }),
      'schedule["001"]["0"].mlp: says something else of "mlp" than "ff", which is the same module; ' +
        'leave one of the two out',
    ],
    [broken({ name: { toString: 1 } }), 'ecad.cache_schedule.name: {"toString":1} is not a non-empty string'],
    [
      broken({ schedule: { '000': step(false), '001': step(true) } }),
      'ecad.cache_schedule.schedule["000"]["0"].ff: reuses at the first step',
    ],
    [
      broken({ schedule: { '000': step(true), '001': { '0': {}, '1': { ff: 1 } } } }),
      'ecad.cache_schedule.schedule["001"]["1"].ff: 1 is neither true',
    ],
    [
      broken({ schedule: { '000': step(true), '001': { '0': { conv: true }, '1': {} } } }),
      'schedule["001"]["0"].conv: the model has no module "conv" (it has attn, cross, mlp)',
    ],
    [
      broken({ schedule: { '000': step(true), '001': { '0': {} } } }),
      'ecad.cache_schedule.schedule["001"]: has no block 1 of 2; check num_blocks',
    ],
  ])('is refused with the place: %#', (json, message) => {
    expect(() => fromEcad(json, topology)).toThrow(message);
    expect(() => fromEcad(json, topology)).toThrow(expect.objectContaining({ code: 'invalid-schedule' }));
  });

  it('cannot say what a refresh or a forecast is', () => {
    expect(() => toEcad(procachePublished({ topology: dit, steps: 50 }), dit, 'x')).toThrow(
      'refreshes some tokens, which this format cannot say',
    );
    expect(() => toEcad({ version: 1, pattern: '#1', legend: { 1: [{ do: 'reuse', order: 1 }] } }, dit, 'x')).toThrow(
      "schedule.pattern[1] ('1'), branch 0.attn: forecasts features",
    );
  });
});

describe('SmoothCache', () => {
  it('is read, whatever its names for modules', () => {
    const original = fromSmoothCache({ attn: [1, 0, 1], mlp: [1, 0, 0] }, dit);
    expect(tableOf(original, dit).map((row) => row.slice(0, 2))).toEqual([
      ['compute', 'compute'],
      ['reuse', 'reuse'],
      ['compute', 'reuse'],
    ]);
    expect(original.pattern.slice(0, 2)).toBe('#.');
    const partial = fromSmoothCache({ attn1: [1, 0, 1] }, dit); // the feed-forward part is left out: computed
    expect(tableOf(partial, dit)[1]!.slice(0, 2)).toEqual(['reuse', 'compute']);
  });

  it('is written so that it is read as the same', () => {
    const lists = fc
      .integer({ min: 1, max: 9 })
      .chain((length) => fc.array(fc.constantFrom(0, 1), { minLength: 3 * length, maxLength: 3 * length }));
    fc.assert(
      fc.property(lists, fc.constantFrom('original' as const, 'diffusers' as const), (bits, names) => {
        const length = bits.length / 3;
        const list = (i: number) => [1, ...bits.slice(i * length + 1, (i + 1) * length)];
        const json = { attn: list(0), cross: list(1), mlp: list(2) };
        const written = toSmoothCache(fromSmoothCache(json, topology), topology, names);
        expect(Object.values(written)).toEqual(Object.values(json));
        expect(Object.keys(written)).toEqual(
          names === 'original' ? ['attn', 'cross', 'mlp'] : ['attn1', 'attn2', 'ff'],
        );
        expect(fromSmoothCache(written, topology)).toEqual(fromSmoothCache(json, topology));
      }),
    );
  });

  it.each([
    [[], 'smoothcache: [] is not an object'],
    [{}, 'smoothcache: lists no module'],
    [{ conv: [1] }, 'smoothcache.conv: the model has no module "conv" (it has attn, cross, mlp)'],
    [{ attn: [1, 2] }, 'smoothcache.attn[1]: 2 is neither 1 (compute) nor 0 (reuse)'],
    [{ attn: '10' }, 'smoothcache.attn: "10" is not a list of 0 and 1'],
    [{ attn: [1, 0], mlp: [1] }, 'smoothcache.mlp: has 1 steps, but attn has 2'],
    [{ mlp: [0, 1] }, 'smoothcache.mlp[0]: reuses at the first step'],
    [
      { attn: [1, 0], attn1: [1, 1] },
      'smoothcache.attn1: says something else of "attn" than "attn", which is the same module; ' +
        'leave one of the two out',
    ],
    [{ 'mlp-1': [1, 0], 'ff-1': [1, 1] }, 'smoothcache["ff-1"]: says something else of "mlp" than "mlp-1"'],
    [
      { 'attn-2': [1, 0] },
      'smoothcache["attn-2"]: the model has 2 blocks (0-1), and none of number 2; use the model that it was made for',
    ],
    [{ 'attn-01': [1, 0] }, 'smoothcache["attn-01"]: the model has no module "attn-01"'],
    [{ 'conv-0': [1, 0] }, 'smoothcache["conv-0"]: the model has no module "conv" (it has attn, cross, mlp)'],
    [{ attn: [1, 0], 'mlp-1': [0, 0] }, 'smoothcache["mlp-1"][0]: reuses at the first step'],
    [{ attn: null }, 'smoothcache.attn: null is not a list of 0 and 1'],
    [
      { attn: [1, ...new Array<number>(4096).fill(0)] },
      'smoothcache.attn: has 4097 entries; the most steps that a schedule may have are 4096',
    ],
    [null, 'smoothcache: null is not an object'],
  ])('is refused with the place: %j', (json, message) => {
    expect(() => fromSmoothCache(json, topology)).toThrow(message);
  });

  it('has lists of one block, which go before those of all', () => {
    const schedule = fromSmoothCache({ attn: [1, 0, 0], 'attn-1': [1, 1, 0], 'mlp-0': [1, 0, 1] }, topology);
    expect(tableOf(schedule, topology)).toEqual([
      ['compute', 'compute', 'compute', 'compute', 'compute', 'compute'],
      ['reuse', 'compute', 'reuse', 'compute', 'compute', 'compute'],
      ['reuse', 'compute', 'compute', 'reuse', 'compute', 'compute'],
    ]);
  });

  it('gives every block its list in a file as SmoothCache ships them, the same as ECAD says it', () => {
    const twelve: Topology = { blocks: Array.from({ length: 12 }, () => ['attn', 'mlp']), grid: [8, 8] };
    const schedule = fromSmoothCache(lists, twelve);
    expect(tableOf(schedule, twelve)).toEqual(tableOf(fromEcad(ecadOfCase, twelve), twelve));
    expect(toSmoothCache(schedule, twelve)).toEqual(lists);
  });

  it('is written with lists of one block where blocks differ, so that it is read as the same', () => {
    fc.assert(
      fc.property(schedules, (schedule) => {
        const written = JSON.parse(JSON.stringify(toSmoothCache(schedule, topology))) as unknown;
        expect(tableOf(fromSmoothCache(written, topology), topology)).toEqual(tableOf(schedule, topology));
      }),
    );
    const deep: Schedule = {
      version: 1,
      pattern: '#d',
      legend: { d: [{ do: 'reuse' }, { do: 'compute', blocks: [1, 1], modules: ['mlp'] }] },
    };
    expect(toSmoothCache(deep, topology, 'diffusers')).toEqual({
      attn1: [1, 0],
      attn2: [1, 0],
      'ff-0': [1, 0],
      'ff-1': [1, 1],
    });
  });
});

describe('a mask of steps', () => {
  it.each(['1,1,0,1', '1101', ' 1, 1, 0, 1 ', '[1, 1, 0, 1]', '[1, 1, 0, 1,]\n', '1 1 0 1', [1, 1, 0, 1]])(
    '%j is read',
    (mask) => {
      expect(fromStepMask(mask).pattern).toBe('##.#');
    },
  );

  it('leaves open how reused steps are filled in', () => {
    const schedule = fromStepMask('100', { span: [0, 27], order: 2, forecast: 'lagrange' });
    expect(schedule.pattern).toBe('#22');
    expect(() => checkSchedule(schedule, dit)).not.toThrow();
    expect(toStepMask(schedule)).toEqual([1, 0, 0]);
  });

  it.each([
    ['', 'mask: [] is not a list of 0 and 1'],
    ['0,1', 'mask[0]: the first step is reused'],
    ['1,2', 'mask[1]: 2 is neither 1 (compute) nor 0 (reuse)'],
    ['1,x', 'mask[1]: "x" is neither'],
    ['1,,0', 'mask[1]: "" is neither'],
    ['1,10', 'mask[1]: "10" is neither'],
    ['[1,0', 'mask[0]: "[1" is neither'],
    [null as never, 'mask: null is not a list of 0 and 1'],
    [`1${'0'.repeat(4096)}`, 'mask: has 4097 entries; the most steps that a schedule may have are 4096'],
    [
      '1,'.repeat(1e6),
      'mask: has 2000000 characters; a list of 4096 steps, the most that are read, takes no more than 65536',
    ],
  ])('%j is refused with the place', (mask, message) => {
    expect(() => fromStepMask(mask)).toThrow(message);
  });

  it('is also written as bins', () => {
    const masks = fc.array(fc.constantFrom(0, 1), { maxLength: 30 }).map((bits) => [1, ...bits]);
    fc.assert(
      fc.property(masks, (mask) => {
        const { compute, cache } = toBins(fromStepMask(mask));
        expect(toStepMask(fromBins(compute, cache))).toEqual(mask);
      }),
    );
    // The preset "fast" of cache-dit, 28 steps.
    expect(fromBins([6, 1, 1, 1, 1, 1], [1, 3, 4, 5, 4]).pattern).toBe('######.#...#....#.....#....#');
    expect(() => fromBins([1, 0], [2, 3])).toThrow('compute_bins[1]: 0 is not an integer of at least 1');
  });

  // What `cache_dit.steps_mask` makes of them.
  it.each([
    [[4, 2, 1], [1], '####.###'],
    [[4, 1], [2, 5, 6], '####..#...........'],
    [[5], [], '#####'],
  ] as const)('is also written as bins of which one list is longer: %j and %j', (compute, cache, pattern) => {
    expect(fromBins(compute, cache).pattern).toBe(pattern);
  });

  it.each([
    [
      [1, 4294967296],
      [1, 2],
      'compute_bins with cache_bins: has 4294967300 entries; the most steps that a schedule may have are 4096',
    ],
    [[Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER], [1], 'the most steps that a schedule may have are 4096'],
    [null, [1], 'compute_bins: null is not a list of counts'],
    [[1], '3', 'cache_bins: "3" is not a list of counts'],
    [[1.5], [1], 'compute_bins[0]: 1.5 is not an integer of at least 1'],
    [[], [2], 'mask[0]: the first step is reused'],
    [[], [], 'mask: [] is not a list of 0 and 1'],
    [new Array<number>(5000).fill(1), [1], 'compute_bins: has 5000 entries'],
  ] as const)('is refused before anything is made of it: bins %j and %j', (compute, cache, message) => {
    expect(() => fromBins(compute as never, cache as never)).toThrow(message);
    expect(() => fromBins(compute as never, cache as never)).toThrow(
      expect.objectContaining({ code: 'invalid-schedule' }),
    );
  });

  it('cannot say what a selective step is', () => {
    expect(() => toStepMask(fromReferenceList('1020', { topology: dit, direction: 'noisiest-first' }))).toThrow(
      "schedule.pattern[2]: '+' computes part of the model",
    );
  });
});

describe("cache-dit's settings", () => {
  it.each(Object.entries(masks))('name policies that are masks of %s steps, as cache-dit makes them', (steps, own) => {
    for (const [policy, mask] of Object.entries(own)) {
      const { schedule } = fromCacheDit({
        cache_config: { num_inference_steps: Number(steps), steps_computation_mask: policy },
      });
      expect({ policy, mask: toStepMask(schedule).join('') }).toEqual({ policy, mask });
    }
  });

  it('hold a mask, or bins with fewer steps than they make; what else they say is named', () => {
    expect(
      fromCacheDit({
        cache_config: { steps_computation_mask: [1, 1, 0], num_inference_steps: 3, residual_diff_threshold: 0.12 },
      }),
    ).toEqual({
      schedule: { version: 1, pattern: '##.', legend: {}, notes: { source: 'cache-dit' } },
      left: ['residual_diff_threshold'],
    });
    expect(fromCacheDit({ compute_bins: [6, 1], cache_bins: [2, 5], total_steps: 10 }).schedule.pattern).toBe(
      '######..#.',
    );
    expect(fromCacheDit({ compute_bins: [4, 1], cache_bins: [2, 5, 6] }, { order: 1 }).schedule.pattern).toBe(
      '####11#11111111111',
    );
  });

  it.each([
    [null, 'settings: null is not an object'],
    [{}, 'settings: has no lists `compute_bins` and `cache_bins`, and no `steps_computation_mask`'],
    [{ cache_config: [] }, 'cache_config: [] is not an object'],
    [{ compute_bins: [1] }, 'cache_bins: nothing is not a list of counts'],
    [
      { compute_bins: [1], cache_bins: [1], total_steps: 3 },
      'total_steps: is 3, but the bins make 2 steps; make the two agree',
    ],
    [
      { compute_bins: [1], cache_bins: [1], steps_computation_mask: [1] },
      'steps_computation_mask: says which steps are computed, and so do the bins',
    ],
    [
      { cache_config: { steps_computation_mask: 'quick', num_inference_steps: 28 } },
      'cache_config.steps_computation_mask: "quick" is none of "slow", "medium", "fast", "ultra"',
    ],
    [{ steps_computation_mask: 'fast' }, 'num_inference_steps: nothing is not an integer between 4 and 4096'],
    [
      { steps_computation_mask: 'fast', num_inference_steps: 7 },
      'num_inference_steps: there is no policy for 7 steps, only for 4, 6, and 8 or more',
    ],
    [
      { steps_computation_mask: 'fast', num_inference_steps: 1e9 },
      'num_inference_steps: 1000000000 is not an integer between 4 and 4096',
    ],
    [
      { steps_computation_mask: [1, 0], num_inference_steps: 3 },
      'steps_computation_mask: has 2 steps, but num_inference_steps is 3',
    ],
    [{ steps_computation_mask: {} }, 'steps_computation_mask: {} is not a list of 0 and 1'],
  ])('are refused with the place: %j', (settings, message) => {
    expect(() => fromCacheDit(settings)).toThrow(message);
    expect(() => fromCacheDit(settings)).toThrow(expect.objectContaining({ code: 'invalid-schedule' }));
  });
});

describe("the reference's lists", () => {
  const published = '10201020102010201020102010210210210210101010101010';

  it('are read in the direction that the caller says', () => {
    const schedule = fromReferenceList(published, { topology: dit, direction: 'noisiest-first' });
    expect(schedule.pattern).toBe(published.replaceAll('1', '#').replaceAll('0', '.').replaceAll('2', '+'));
    expect(schedule.legend['+']).toEqual([
      { do: 'reuse' },
      { do: 'refresh', ratio: 0.3, blocks: [21, 27], modules: ['mlp'] },
    ]);
    expect(() => checkSchedule(schedule, dit, 50)).not.toThrow();
    const reversed = Array.from(published, Number).reverse();
    expect(fromReferenceList(reversed, { topology: dit, direction: 'cleanest-first' }).pattern).toBe(schedule.pattern);
    expect(toReferenceList(schedule, 'cleanest-first')).toEqual(reversed);
  });

  it('tell which steps a published schedule computes and refreshes', () => {
    expect(toReferenceList(procachePublished({ topology: dit, steps: 50 }), 'noisiest-first').join('')).toBe(published);
  });

  it.each([
    ['', 'list: is empty'],
    [null as never, 'list: null is not a list of 0, 1 and 2'],
    ['1,,0', 'list[1]: "" is neither'],
    [`1${'0'.repeat(5000)}`, 'list: has 5001 entries'],
    ['130', 'list[1]: 3 is neither 0 (reuse), 1 (compute) nor 2 (selective)'],
    ['010', 'list[0]: is the first step taken and not computed'],
  ])('%j is refused with the place', (list, message) => {
    expect(() => fromReferenceList(list, { topology: dit, direction: 'noisiest-first' })).toThrow(message);
  });

  it('refuse the wrong direction', () => {
    expect(() => fromReferenceList(published, { topology: dit, direction: 'cleanest-first' })).toThrow(
      'list[49]: is the first step taken and not computed',
    );
  });

  it('cannot say that some branches are computed whole', () => {
    const schedule = fromSmoothCache({ attn: [1, 0], mlp: [1, 1] }, dit);
    expect(() => toReferenceList(schedule, 'noisiest-first')).toThrow('computes some branches whole');
  });
});

describe('what is written for another tool', () => {
  const writers: Readonly<Record<string, (schedule: Schedule) => unknown>> = {
    toEcad: (schedule) => toEcad(schedule, topology, 'x'),
    toSmoothCache: (schedule) => toSmoothCache(schedule, topology),
    toStepMask,
    toBins,
    toReferenceList: (schedule) => toReferenceList(schedule, 'noisiest-first'),
    resample: (schedule) => resample(schedule, 7),
    keyOf,
    checkConditions: (schedule) => checkCircumstances(schedule, { model: 'm', sampler: 'ddim', steps: 2, guidance: 1 }),
  };

  it.each(Object.entries(writers))('%s takes a schedule without a legend, and refuses what is none', (_, write) => {
    expect(() => write({ version: 1, pattern: '#.' } as never)).not.toThrow();
    for (const odd of [
      null,
      'x',
      {},
      [],
      { version: 1 },
      { version: 1, pattern: '#x' },
      { version: 1, pattern: '#', legend: { '+': [null] } },
    ]) {
      expect(() => write(odd as never)).toThrow(
        expect.objectContaining({ name: 'ProCacheError', code: 'invalid-schedule' }),
      );
    }
  });
});
