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
import { fromEcad, toEcad } from './ecad.ts';
import { fromReferenceList, toReferenceList } from './reference-list.ts';
import { fromSmoothCache, toSmoothCache } from './smoothcache.ts';
import { fromBins, fromStepMask, toBins, toStepMask } from './step-mask.ts';

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
const schedules = fc.array(fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }), { minLength: 1, maxLength: 8 }).map((rows) => {
  const ids = branchesOf(topology)
    .flat()
    .map(({ id }) => id);
  return scheduleOf((step, { id }) => ({ do: step === 0 || rows[step]![ids.indexOf(id)] ? 'compute' : 'reuse' }), rows.length, topology);
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
    [broken({ num_inference_steps: 0 }), 'ecad.cache_schedule.num_inference_steps: 0 is not an integer of at least 1'],
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
    [broken({ schedule: { '000': step(true), '001': { '0': {} } } }), 'ecad.cache_schedule.schedule["001"]["1"]: nothing is not an object'],
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
        expect(Object.keys(written)).toEqual(names === 'original' ? ['attn', 'cross', 'mlp'] : ['attn1', 'attn2', 'ff']);
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
  ])('is refused with the place: %j', (json, message) => {
    expect(() => fromSmoothCache(json, topology)).toThrow(message);
  });

  it('cannot say that blocks differ', () => {
    const deep: Schedule = { version: 1, pattern: '#d', legend: { d: [{ do: 'reuse' }, { do: 'compute', blocks: [1, 1] }] } };
    expect(() => toSmoothCache(deep, topology)).toThrow('schedule.pattern[1]: branch 1.attn does not do what 0.attn does');
  });
});

describe('a mask of steps', () => {
  it.each(['1,1,0,1', '1101', ' 1, 1, 0, 1 ', '[1, 1, 0, 1]', [1, 1, 0, 1]])('%j is read', (mask) => {
    expect(fromStepMask(mask).pattern).toBe('##.#');
  });

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
    expect(() => fromBins([1], [2, 3])).toThrow('compute_bins: has 1 runs for 2 in cache_bins');
    expect(() => fromBins([1, 0], [2, 3])).toThrow('compute_bins[1]: 0 is not an integer of at least 1');
  });

  it('cannot say what a selective step is', () => {
    expect(() => toStepMask(fromReferenceList('1020', { topology: dit, direction: 'noisiest-first' }))).toThrow(
      "schedule.pattern[2]: '+' computes part of the model",
    );
  });
});

describe("the reference's lists", () => {
  const published = '10201020102010201020102010210210210210101010101010';

  it('are read in the direction that the caller says', () => {
    const schedule = fromReferenceList(published, { topology: dit, direction: 'noisiest-first' });
    expect(schedule.pattern).toBe(published.replaceAll('1', '#').replaceAll('0', '.').replaceAll('2', '+'));
    expect(schedule.legend['+']).toEqual([{ do: 'reuse' }, { do: 'refresh', ratio: 0.3, blocks: [21, 27], modules: ['mlp'] }]);
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
