import { readSchedule } from '@procache/backend-node';
import { checkSchedule, formatSchedule, letterCounts } from '@procache/core';
import { counted } from '@procache/text';
import { chooseModel } from '../arguments/model-choice.ts';
import { type InspectFlags, type Inspection, listOf } from './inspection.ts';

/** A schedule file that has been found to be valid: by itself, and for a model where one is given. */
export async function inspectSchedule(path: string, { model, ...rest }: InspectFlags): Promise<Inspection> {
  const schedule = await readSchedule(path);
  const chosen = model === undefined ? undefined : await chooseModel({ model, ...rest });
  if (chosen) checkSchedule(schedule, chosen.model.topology);
  const counts = letterCounts(schedule.pattern);
  const text = listOf([
    ['schedule', counted(schedule.pattern.length, 'step')],
    ['letters', [...counts].map(([letter, count]) => `${letter} ${count}`).join(', ')],
    ['fits', chosen ? chosen.name : 'not checked: name a model with --model'],
  ]);
  return {
    text: [text, '', formatSchedule(schedule).trimEnd()].join('\n'),
    object: {
      kind: 'schedule',
      steps: schedule.pattern.length,
      letters: Object.fromEntries(counts),
      fits: chosen?.name ?? null,
      schedule,
    },
  };
}
