import { fora, planOf, ProCacheError, type Schedule, uncached } from '@procache/core';
import { describe, expect, it } from 'vitest';
import { type AskedSchedule, chosenPlan, findSchedule, type ScheduleShelf } from './schedules.ts';
import { knownModel } from './testing/small-models.ts';

const known = knownModel({}, { recommended: { steps: 6 } });
const kept: Readonly<Record<string, Schedule>> = {
  'searched-2': fora({ steps: 6, interval: 3 }),
  './mine.json': uncached({ steps: 3 }),
};
const shelf: ScheduleShelf = {
  names: ['searched-2'],
  read: (name, place) => {
    if (name === './broken.json') throw new ProCacheError('invalid-schedule', `${place}: it is broken`);
    return Promise.resolve(Object.hasOwn(kept, name) ? kept[name] : undefined);
  },
};
const patternOf = async (asked: AskedSchedule) => (await chosenPlan(asked, known, shelf)).pattern;

describe('chosenPlan', () => {
  it('takes a method, a name that is kept somewhere, a schedule, a plan, and nothing', async () => {
    expect(await patternOf({})).toBe('######');
    expect(await patternOf({ schedule: 'fora-2', steps: 4 })).toBe('##.#');
    expect(await patternOf({ schedule: 'procache', pattern: '#..#' })).toHaveLength(4);
    expect(await patternOf({ schedule: 'searched-2' })).toBe('#.#..#');
    expect(await patternOf({ schedule: './mine.json', steps: 3 })).toBe('###');
    expect(await patternOf({ schedule: uncached({ steps: 3 }) })).toBe('###');
    const plan = planOf(uncached({ steps: 2 }), known.model.topology);
    expect(await chosenPlan({ schedule: plan, steps: 2 }, known)).toBe(plan);
  });

  it.each<[string, AskedSchedule]>([
    [
      "schedule: there is no schedule 'searched-3'; with small ship searched-2; methods are ",
      { schedule: 'searched-3' },
    ],
    ['; a file is named by its path (./mine.json)', { schedule: 'searched-3' }],
    ['schedule ./broken.json: it is broken', { schedule: './broken.json' }],
    ['schedule fora-0: interval', { schedule: 'fora-0' }],
    ['ratio belongs to the methods procache, toca-<interval>, duca-<interval>; leave it out', { ratio: 0.5 }],
    ['ratio belongs to the methods procache, toca', { schedule: 'searched-2', ratio: 0.5 }],
    ['steps 5: the schedule searched-2 has 6 steps; leave this out', { schedule: 'searched-2', steps: 5 }],
    ['steps 5: the schedule that is given has 3 steps', { schedule: uncached({ steps: 3 }), steps: 5 }],
    ['pattern', { schedule: 'procache', pattern: '' }],
  ])('says %s', async (message, asked) => {
    await expect(patternOf(asked)).rejects.toThrow(message);
  });

  it('has methods alone where nothing is kept', async () => {
    await expect(chosenPlan({ schedule: 'for-3' }, known)).rejects.toThrow(
      /^schedule: there is no schedule 'for-3'; none ships with small; methods are fora-<interval>, .*[^)]$/,
    );
  });
});

describe('findSchedule', () => {
  const context = { spell: (option: string) => `--${option}`, option: '--beside' };

  it('names options as they were given', async () => {
    await expect(findSchedule('uncached', { ratio: 2 }, known, context)).rejects.toThrow(/^--ratio belongs to/);
    await expect(findSchedule('duca-3', { ratio: 2 }, known, context)).rejects.toThrow(/^--ratio/);
    await expect(findSchedule('fora-0', {}, known, context)).rejects.toThrow(/^--beside fora-0: /);
    await expect(findSchedule('nothing', {}, known, context)).rejects.toThrow(/^--beside: there is no schedule/);
    await expect(findSchedule('nothing', {}, known, {})).rejects.toThrow(/^there is no schedule/);
  });
});
