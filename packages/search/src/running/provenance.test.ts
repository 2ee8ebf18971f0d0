import { checkSchedule, formatSchedule, parseScheduleText, uniforms } from '@procache/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkCircumstances, found, scoresOf } from './provenance.ts';
import { resample } from '../resample.ts';
import { runSearch } from './run-search.ts';
import { PatternSpace } from '../space/pattern-space.ts';
import { plain } from '../space/fills.ts';
import { exhaustive } from '../strategies/exhaustive.ts';
import { beginStudy } from '../study/study.ts';
import { countingEvaluator, FORECAST, smallHeader, smallModel } from '../testing/small-model.ts';

describe('a schedule that was found', () => {
  const header = smallHeader(8, [0, 1], 'exhaustive');

  it('says where it comes from, and warns where it does not hold', async () => {
    const study = await beginStudy(header, () => undefined);
    const { evaluator } = countingEvaluator(8);
    const space = new PatternSpace({ steps: 8, budget: 3, reuse: [1, 4] }, plain('2'));
    const result = await runSearch({
      strategy: exhaustive({ space }),
      evaluator,
      alphabet: FORECAST,
      study,
      random: uniforms(1),
    });
    const schedule = parseScheduleText(formatSchedule(found(result, header)));
    expect(() => checkSchedule(schedule, smallModel().topology, 8)).not.toThrow();
    expect(schedule.pattern).toBe(result.best.pattern);
    expect(schedule.notes).toMatchObject({
      searched: { model: 'sha256:small', steps: 8 },
      seeds: { first: 0, last: 1 },
      strategy: 'exhaustive',
      scores: { seeds: { first: 0, last: 1 }, 'latent-error': result.best.loss },
    });
    const same = { model: 'sha256:small', sampler: 'ddim', steps: 8, guidance: 1 };
    expect(checkCircumstances(schedule, same)).toEqual([]);
    expect(checkCircumstances(schedule, { ...same, guidance: 4, model: 'sha256:other' })).toEqual([
      'the schedule was searched for with model sha256:small, and is used with model sha256:other: its scores ' +
        'do not hold here',
      'the schedule was searched for with guidance 1, and is used with guidance 4: its scores do not hold here',
    ]);
    expect(checkCircumstances(resample(schedule, 12), { ...same, steps: 12 })).toHaveLength(2);
    expect(checkCircumstances({ version: 1, pattern: '#', legend: {} }, same)).toEqual([]);
  });

  it.each([
    [{ steps: null }, 'searched for with steps null, and'],
    [{ guidance: { toString: 1, valueOf: [] } }, 'searched for with guidance {"toString":1,"valueOf":[]}, and'],
    [{ sampler: 'x'.repeat(1e6) }, 'searched for with sampler xxx'],
    [[], undefined],
    ['all', undefined],
  ])('warns whatever its notes hold: %#', (searched, warning) => {
    const schedule = { version: 1, pattern: '#', legend: {}, notes: { searched } } as const;
    const warnings = checkCircumstances(schedule, { model: 'm', sampler: 'ddim', steps: 8, guidance: 1 });
    expect(warnings).toEqual(warning === undefined ? [] : [expect.stringContaining(warning)]);
    expect(warnings.join('').length).toBeLessThan(250);
  });

  it('has scores that JSON can say, where images are equal to the uncached ones', () => {
    const scores = { 'latent-error': [0, 0], psnr: [Infinity, Infinity] };
    const written = JSON.parse(JSON.stringify(scoresOf({ seeds: [3, 4], scores, losses: [0, 0] }))) as unknown;
    expect(written).toEqual({ seeds: { first: 3, last: 4 }, 'latent-error': 0, psnr: 'Infinity', interval95: [0, 0] });
  });
});

describe('resample', () => {
  it('keeps the shape of a schedule', () => {
    const schedule = { version: 1, pattern: '#..#..#.#.', legend: {}, notes: { by: 'hand' } } as const;
    expect(resample(schedule, 20).pattern).toBe('#.....#.....#...#...');
    expect(resample(schedule, 5).pattern).toBe('#.###');
    expect(resample(schedule, 20).notes).toEqual({
      by: 'hand',
      resampled: { from: 10, to: 20, keep: 'count', tested: false },
    });
    expect(resample(schedule, 10)).toBe(schedule);
  });

  it('always gives a schedule that can be run', () => {
    const patterns = fc
      .array(fc.constantFrom('#', '2', '.'), { maxLength: 40 })
      .map((letters) => `#${letters.join('')}`);
    fc.assert(
      fc.property(patterns, fc.integer({ min: 1, max: 80 }), (pattern, steps) => {
        const resampled = resample({ version: 1, pattern, legend: FORECAST.legend }, steps);
        expect(() => checkSchedule(resampled, smallModel().topology, steps)).not.toThrow();
        const computed = (text: string) => text.split('#').length - 1;
        expect(computed(resampled.pattern)).toBeLessThanOrEqual(computed(pattern));
        if (steps >= pattern.length) expect(computed(resampled.pattern)).toBe(computed(pattern));
      }),
    );
  });

  it('keeps how many steps are computed, or their share', () => {
    const ten = { version: 1, pattern: '##..#.......#....#....#......#....#......#...#..#.', legend: {} } as const;
    const computed = (pattern: string) => pattern.split('#').length - 1;
    expect(computed(ten.pattern)).toBe(11);
    expect(resample(ten, 30).pattern).toBe('###....#..#..#...#..#....#.#.#');
    expect(resample(ten, 30, { keep: 'share' }).pattern).toBe('#.#.....#....#.....#.....#...#');
    expect(resample(ten, 100, { keep: 'share' }).pattern.split('#').length - 1).toBe(22);
    expect(resample({ version: 1, pattern: '#....', legend: {} }, 10, { keep: 'share' }).pattern).toBe('#....#....');
    expect(resample({ version: 1, pattern: '#'.repeat(50), legend: {} }, 7, { keep: 'share' }).pattern).toBe('#######');
  });

  it('keeps the share to the nearest step, in schedules that can be run', () => {
    const rest = fc.array(fc.constantFrom('#', '.', '2'), { maxLength: 40 });
    fc.assert(
      fc.property(rest, fc.integer({ min: 1, max: 60 }), (letters, steps) => {
        const pattern = ['#', ...letters].join('');
        const resampled = resample({ version: 1, pattern, legend: FORECAST.legend }, steps, { keep: 'share' });
        expect(() => checkSchedule(resampled, smallModel().topology, steps)).not.toThrow();
        const computed = (text: string) => text.split('#').length - 1;
        expect(computed(resampled.pattern)).toBe(Math.max(1, Math.round((computed(pattern) * steps) / pattern.length)));
      }),
    );
  });

  it('begins as the schedule began, whatever the letter of step 0', () => {
    const legend = { a: [{ do: 'compute' }], b: [{ do: 'reuse' }, { do: 'compute', modules: ['mlp'] }] } as const;
    expect(resample({ version: 1, pattern: 'ab.b.ab.b.', legend }, 3).pattern).toBe('a.#');
    expect(resample({ version: 1, pattern: 'b.b.ab.b.', legend }, 3).pattern[0]).toBe('b');
  });

  it.each([0, 1.5, 1e9, NaN, '7' as never])('refuses %s steps', (steps) => {
    expect(() => resample({ version: 1, pattern: '#.', legend: {} }, steps)).toThrow(
      /steps: .* is not an integer between 1 and 4096/,
    );
  });
});
