import { trajectoryOf, type TrajectoryOptions, uncached } from '@procache/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LATENT_ERROR } from '../scoring/comparison.ts';
import { renderer } from '../scoring/renderer.ts';
import { alphabetOf, scheduleFor } from '../space/alphabet.ts';
import { eachGap } from '../space/fills.ts';
import { PatternSpace } from '../space/pattern-space.ts';
import { FORECAST, conditionOf, smallModel, smallSteps, STACK } from '../testing/small-model.ts';
import { budgetCurve, curveInParts } from './budget-curve.ts';
import { errorModel } from './error-model.ts';
import { record } from './record.ts';
import type { Json } from '../study/json.ts';
import { joinedRecordings, recordingFromJson, recordingToJson, rounded } from './recording.ts';

const STEPS = 12;
const seeds = [0, 1, 2, 3];
const guidance = { scale: 1.5, unconditional: 3, channels: 2 };
const mixed = alphabetOf({ reuse: [{}, STACK, { ...STACK, order: 1 }] });
const trajectory = (options: Partial<TrajectoryOptions> & { readonly seeds?: readonly number[] } = {}) => {
  const own = options.seeds ?? seeds;
  return trajectoryOf(smallModel(), {
    steps: smallSteps(STEPS),
    ...options,
    seeds: own,
    conditions: own.map(conditionOf),
  });
};
const recording = rounded(await record(trajectory({ guidance }), { reuse: [{}, STACK, { ...STACK, order: 1 }] }));

describe('a recording', () => {
  it('holds one family of features for all orders of forecast', () => {
    expect(recording.families).toEqual([{}, { span: [0, 2] }]);
    expect(recording.products).toHaveLength(4);
    expect(recording.reach[0]).toBe(0);
    expect(recording.reach.slice(1).every((reach) => reach > 0)).toBe(true);
  });

  it('reads as it was written', () => {
    const text = JSON.stringify(recordingToJson(recording));
    expect(recordingFromJson(JSON.parse(text) as Json)).toEqual(recording);
    const damaged = JSON.parse(text.replace(/,[^,\]]*\]\]/, ']]')) as Json;
    expect(() => recordingFromJson(damaged)).toThrow('the recording does not hold 24 features of each image');
  });

  it.each([
    ['recording: null is not an object', () => null],
    ['recording.steps: "12" is not an integer between 1 and 4096', (json: object) => ({ ...json, steps: '12' })],
    ['recording.steps: 1000000000 is not an integer', (json: object) => ({ ...json, steps: 1e9 })],
    ['recording.families: {} is not an array', (json: object) => ({ ...json, families: {} })],
    [
      'recording.families[1].absolute: says nothing without a span',
      (json: object) => ({ ...json, families: [{}, { absolute: true }] }),
    ],
    [
      'recording.reach[3]: null is not between 0 and 1e+40',
      (json: { reach: readonly unknown[] }) => ({ ...json, reach: json.reach.with(3, null) }),
    ],
    ['recording.reach: the recording does not hold 12 steps', (json: object) => ({ ...json, reach: 'x' })],
    ['recording.products: is empty', (json: object) => ({ ...json, products: [] })],
    [
      'recording.products[0][5]: "NaN" is not between -1e+80 and 1e+80',
      (json: { products: readonly number[][] }) => ({ ...json, products: [json.products[0]!.with(5, 'NaN' as never)] }),
    ],
  ] as const)('is refused with the place: %s', (message, change) => {
    const json = JSON.parse(JSON.stringify(recordingToJson(recording))) as never;
    expect(() => recordingFromJson(change(json))).toThrow(message);
    expect(() => recordingFromJson(change(json))).toThrow(expect.objectContaining({ code: 'invalid-input' }));
  });

  it('of other images joins it to one of all', async () => {
    const parts = [trajectory({ guidance, seeds: [0, 1, 2] }), trajectory({ guidance, seeds: [3] })];
    const [first, second] = [await record(parts[0]!, { reuse: [{}] }), await record(parts[1]!, { reuse: [{}] })];
    const joined = joinedRecordings([first, second]);
    const whole = await record(trajectory({ guidance }), { reuse: [{}] });
    expect(joined.products).toHaveLength(4);
    joined.products.forEach((own, i) =>
      own.forEach((value, k) => expect(value).toBeCloseTo(whole.products[i]![k]!, 5)),
    );
    joined.reach.forEach((reach, step) =>
      expect(reach).toBeCloseTo(0.75 * first.reach[step]! + 0.25 * second.reach[step]!, 9),
    );
    expect(() => joinedRecordings([first, { ...second, steps: 3 }])).toThrow('recordings of 3 and 12 steps');
  });

  it('reports its progress to the end', async () => {
    const shares: number[] = [];
    await record(trajectory(), { reuse: [{}], probes: 3, onProgress: (share) => shares.push(share) });
    expect(shares).toEqual(shares.toSorted((a, b) => a - b));
    expect(shares.at(-1)).toBe(1);
  });

  it('can be made of a stochastic sampler, with the same noise each time', async () => {
    const options = { sampler: 'ddpm', seeds: [0, 1] } as const;
    const own = await record(trajectory(options), { reuse: [STACK], probes: 3 });
    expect(own).toEqual(await record(trajectory(options), { reuse: [STACK], probes: 3 }));
    expect(own.reach.slice(1).every((reach) => Number.isFinite(reach) && reach > 0)).toBe(true);
  });

  it('needs an image', () => {
    expect(() => trajectory({ seeds: [] })).toThrow('conditions: there is none; pass one for each image');
  });
});

describe('the predicted error', () => {
  const model = errorModel(recording, mixed);
  const space = (budget: number) =>
    new PatternSpace({ steps: STEPS, budget, reuse: [0, 9], gaps: 'any' }, eachGap(...mixed.reused));

  it('is 0 where all is computed', () => {
    expect(model.predict('#'.repeat(STEPS))).toBe(0);
  });

  it('is exact, but for the reach, where the last step alone is reused', async () => {
    // No network follows on the last step, so that nothing but the read-out is between the error and the latent.
    const render = renderer(smallModel(), { stepsOf: smallSteps, conditionOf, guidance });
    const [images, references] = [
      await render(scheduleFor(`${'#'.repeat(STEPS - 1)}2`, mixed), seeds),
      await render(uncached({ steps: STEPS }), seeds),
    ];
    const measured = images.map((image, i) => LATENT_ERROR.of(image, references[i]!));
    model
      .predictEach(`${'#'.repeat(STEPS - 1)}2`)
      .forEach((predicted, i) => expect(predicted / measured[i]!).toBeCloseTo(1, 2));
  });

  it('is the mean of those of the images', () => {
    const each = model.predictEach('#2.#2222#...');
    expect(each.reduce((sum, error) => sum + error, 0) / each.length / model.predict('#2.#2222#...')).toBeCloseTo(1, 9);
  });

  it('ranks patterns much as their measured errors do', async () => {
    const render = renderer(smallModel(), { stepsOf: smallSteps, conditionOf, guidance });
    const references = await render(uncached({ steps: STEPS }), seeds);
    const own = space(5);
    const patterns = Array.from({ length: 60 }, (_, i) => own.at((own.size * BigInt(i)) / 60n));
    const measured: number[] = [];
    for (const pattern of patterns) {
      const images = await render(scheduleFor(pattern, mixed), seeds);
      measured.push(Math.log(images.reduce((sum, image, i) => sum + LATENT_ERROR.of(image, references[i]!), 0)));
    }
    expect(
      correlation(
        patterns.map((pattern) => Math.log(model.predict(pattern))),
        measured,
      ),
    ).toBeGreaterThan(0.8);
  });

  it('cannot be told of patterns of another length', () => {
    expect(() => model.predict('#2#')).toThrow('the pattern has 3 steps, and the recording 12');
    expect(() => budgetCurve(model, { constraints: { ...space(3).constraints, steps: 13 }, letters: ['2'] })).toThrow(
      'the patterns have 13 steps, and the recording 12',
    );
  });

  it('cannot be told of letters that were not recorded, or that evaluate part of the model', () => {
    expect(() => errorModel({ ...recording, families: [{}] }, FORECAST)).toThrow(
      "the features that '2' reuses were not recorded",
    );
    expect(() => model.predict('#+##########')).toThrow(
      "the error of a step '+' cannot be predicted, only that of ., 2, 1",
    );
  });

  it('grows by what dynamic programming says', () => {
    const curve = budgetCurve(model, { constraints: space(6).constraints, letters: mixed.reused });
    expect(curve).toHaveLength(6);
    for (const [i, point] of curve.entries()) {
      for (const { pattern, error } of point) {
        expect(pattern.split('#')).toHaveLength(i + 2);
        expect(Math.abs(error - model.predict(pattern))).toBeLessThan(1e-9 * error + 1e-12);
      }
    }
  });

  it('is the same, worked out in parts', () => {
    const options = { constraints: space(5).constraints, letters: mixed.reused };
    const working = curveInParts(model, options);
    let parts = 0;
    let part = working.next();
    for (; !part.done; part = working.next()) parts++;
    expect(parts).toBe(STEPS);
    expect(part.value).toEqual(budgetCurve(model, options));
  });

  it('is least, of all patterns, for the one that dynamic programming finds, where it keeps enough of them', () => {
    const constraints = fc.record({
      budget: fc.integer({ min: 2, max: 5 }),
      least: fc.integer({ min: 0, max: 1 }),
      first: fc.integer({ min: 1, max: 2 }),
      last: fc.integer({ min: 0, max: 1 }),
      gaps: fc.constantFrom('any' as const, 'falling' as const),
    });
    fc.assert(
      fc.property(constraints, ({ budget, least, first, last, gaps }) => {
        const given = {
          steps: STEPS,
          budget: budget + first - 1 + last,
          reuse: [least, 9] as const,
          first,
          last,
          gaps,
        };
        const own = new PatternSpace(given, eachGap(...mixed.reused));
        const curve = budgetCurve(model, { constraints: given, letters: mixed.reused, width: 400 });
        const patterns = curve[given.budget - 1]!.map(({ pattern }) => pattern);
        expect(patterns.every((pattern) => own.rankOf(pattern) !== undefined)).toBe(true);
        const least2 = Math.min(...[...own].map(model.predict));
        expect(model.predict(patterns[0]!)).toBeLessThanOrEqual(1.000001 * least2);
      }),
      { numRuns: 12 },
    );
  });
});

function correlation(a: readonly number[], b: readonly number[]): number {
  const centred = (values: readonly number[]) =>
    values.map((value) => value - values.reduce((x, y) => x + y, 0) / values.length);
  const [x, y] = [centred(a), centred(b)];
  const dot = (p: readonly number[], q: readonly number[]) => p.reduce((sum, value, i) => sum + value * q[i]!, 0);
  return dot(x, y) / Math.sqrt(dot(x, x) * dot(y, y));
}
