import {
  describeLines,
  kindOf,
  type LetterCost,
  type Plan,
  type PlanCost,
  planLegend,
  programsOf,
} from '@procache/core';
import { bytes, counted, formatTable, large, percent, ratio } from '@procache/text';
import type { NamedModel } from './arguments/model-choice.ts';
import type { ChosenSchedule } from './arguments/schedule-choice.ts';
import type { Ink } from './ink.ts';

/** A schedule for a model, and what it costs for a batch. */
export interface Explained {
  readonly chosen: NamedModel;
  readonly schedule: ChosenSchedule;
  readonly cost: PlanCost;
  readonly letters: readonly LetterCost[];
  readonly images: number;
  /** The images, and as many again where they are guided. */
  readonly batch: number;
}

const WIDTH = 80;

/** What a schedule does, step by step, and what that costs. */
export function explanation({ chosen, schedule, cost, letters, images, batch }: Explained, ink: Ink): string {
  const { plan } = schedule;
  const { blocks, grid } = chosen.model.topology;
  const guided = batch > images ? ', and as many again for guidance' : '';
  return [
    `${ink.strong(schedule.name)} on ${chosen.name}: ${counted(plan.steps.length, 'step')} of ` +
      `${counted(blocks.length, 'block')}, ${grid[0]}x${grid[1]} tokens`,
    `for ${counted(images, 'image')}${guided}`,
    '',
    ...describeLines(plan, WIDTH),
    '',
    ink.faint(planLegend(plan)),
    '',
    letterTable(letters, plan, cost).trimEnd(),
    '',
    `multiply-adds    ${large(cost.multiplyAdds)} of ${large(cost.uncachedMultiplyAdds)} uncached, ` +
      `${ink.strong(ratio(cost.multiplyAddRatio))} fewer; this is`,
    '                 arithmetic, not time: generate --compare measures the speed-up',
    `features held    ${bytes(cost.peakFeatureBytes)} at most`,
    `weights          ${bytes(cost.weightBytes)}, ${large(chosen.model.parameters)} parameters`,
    `kinds of step    ${programsOf(plan).length}, each compiled before the first step`,
  ].join('\n');
}

function letterTable(letters: readonly LetterCost[], { pattern = '', steps: planned }: Plan, cost: PlanCost): string {
  const rows = letters.map(({ letter, steps, multiplyAdds }) => {
    const share = (steps * multiplyAdds) / cost.multiplyAdds;
    return [letter, kindOf(planned[pattern.indexOf(letter)]!), steps, large(multiplyAdds), percent(share)];
  });
  return formatTable(['letter', 'step', 'steps', 'multiply-adds each', 'share'], rows, WIDTH);
}
