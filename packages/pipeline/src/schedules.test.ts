import { fora, planOf, uncached } from '@procache/core';
import { describe, expect, it } from 'vitest';
import { type AskedSchedule, chosenPlan, methodSchedule } from './schedules.ts';
import { knownModel } from './testing/small-models.ts';

const known = knownModel({}, { recommended: { steps: 6 } });
const schedules = { 'searched-2': fora({ steps: 6, interval: 3 }) };
const patternOf = (asked: AskedSchedule) => chosenPlan(asked, known, { schedules }).pattern;

describe('chosenPlan', () => {
  it('takes a method, a name that ships with the model, a schedule, a plan, and nothing', () => {
    expect(patternOf({})).toBe('######');
    expect(patternOf({ schedule: 'fora-2', steps: 4 })).toBe('##.#');
    expect(patternOf({ schedule: 'procache', pattern: '#..#' })).toMatch(/^#..#$/);
    expect(patternOf({ schedule: 'searched-2' })).toBe('#.#..#');
    expect(patternOf({ schedule: uncached({ steps: 3 }) })).toBe('###');
    const plan = planOf(uncached({ steps: 2 }), known.model.topology);
    expect(chosenPlan({ schedule: plan, steps: 2 }, known)).toBe(plan);
  });

  it.each<[string, AskedSchedule]>([
    [
      "schedule: there is no schedule 'searched-3'; with small ship searched-2; methods are",
      { schedule: 'searched-3' },
    ],
    ['schedule fora-0: interval', { schedule: 'fora-0' }],
    ['ratio belongs to the methods procache, toca-<interval>, duca-<interval>; leave it out', { ratio: 0.5 }],
    ['ratio belongs to the methods procache, toca', { schedule: 'searched-2', ratio: 0.5 }],
    ['steps 5: the schedule searched-2 has 6 steps; leave this out', { schedule: 'searched-2', steps: 5 }],
    ['steps 5: the schedule that is given has 3 steps', { schedule: fora({ steps: 3, interval: 2 }), steps: 5 }],
    ['pattern', { schedule: 'procache', pattern: '' }],
  ])('says %s', (message, asked) => {
    expect(() => patternOf(asked)).toThrow(message);
  });

  it('names options as they were given', () => {
    const spell = (option: string) => `--${option}`;
    expect(() => chosenPlan({ ratio: 2 }, known, { spell })).toThrow(/^--ratio belongs to/);
    expect(() => methodSchedule('fora-0', {}, known, { place: '--beside fora-0', spell })).toThrow(
      /^--beside fora-0: /,
    );
    expect(() => methodSchedule('duca-3', { ratio: 2 }, known, { place: 'x', spell })).toThrow(/^--ratio/);
  });
});
