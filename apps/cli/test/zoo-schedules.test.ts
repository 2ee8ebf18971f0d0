import { checkCircumstances } from '@procache/search';
import { zooModel, zooNames } from '@procache/zoo';
import { describe, expect, it } from 'vitest';
import { chooseModel } from '../src/arguments/model-choice.ts';
import { chooseSchedule } from '../src/arguments/schedule-choice.ts';

const shipped = zooNames().flatMap((name) =>
  Object.keys(zooModel(name).schedules).map((schedule) => [schedule, name] as const),
);

describe('a schedule that ships with the zoo', () => {
  it.each(shipped)('%s fits %s, and was searched for the weights that ship', async (schedule, model) => {
    const chosen = await chooseModel({ model });
    const { schedule: read, plan } = await chooseSchedule({ schedule }, chosen);
    const { steps, guidance } = zooModel(model).recommended;
    expect(plan.steps).toHaveLength(steps);
    expect(read.pattern.split('#').length - 1).toBe(Number(/\d+$/.exec(schedule)![0]));
    // Where this fails after new weights: node scripts/search-figures.mjs <folder> budgets ship
    expect(checkCircumstances(read, { model: chosen.fingerprint, sampler: 'ddim', steps, guidance })).toEqual([]);
    expect(read.notes).toMatchObject({ method: 'procache search', judged: { seeds: { first: 200000, last: 200255 } } });
  });
});
