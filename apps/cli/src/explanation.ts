import {
  describeStep,
  kindOf,
  letterCounts,
  type Plan,
  type PlanCost,
  planLegend,
  programsOf,
  type Schedule,
  type StepKind,
} from '@procache/core';
import type { NamedModel } from './arguments/model-choice.ts';
import type { ChosenSchedule } from './arguments/schedule-choice.ts';
import type { Ink } from './ink.ts';
import { formatTable } from './terminal/text-table.ts';
import { bytes, large, percent, ratio } from './units.ts';

/** A schedule for a model, and what it costs for a batch. */
export interface Explained {
  readonly chosen: NamedModel;
  readonly schedule: ChosenSchedule;
  readonly cost: PlanCost;
  readonly images: number;
  /** The images, and as many again where they are guided. */
  readonly batch: number;
}

const WIDTH = 80;
/** What `describeStep` writes between operations. */
const BETWEEN_OPS = '  ';

/** What a schedule does, step by step, and what that costs. */
export function explanation({ chosen, schedule, cost, images, batch }: Explained, ink: Ink): string {
  const { plan } = schedule;
  const { blocks, grid } = chosen.model.topology;
  const guided = batch > images ? ', and as many again for guidance' : '';
  return [
    `${ink.strong(schedule.name)} on ${chosen.name}: ${plan.steps.length} steps of ${blocks.length} blocks, ` +
      `${grid[0]}x${grid[1]} tokens`,
    `for ${images} ${images === 1 ? 'image' : 'images'}${guided}`,
    '',
    planLines(plan),
    '',
    ink.faint(planLegend(plan)),
    '',
    letterTable(schedule.schedule, plan, cost).trimEnd(),
    '',
    `multiply-adds    ${large(cost.multiplyAdds)} of ${large(cost.uncachedMultiplyAdds)} uncached, ` +
      `${ink.strong(ratio(cost.multiplyAddRatio))} fewer; this is`,
    '                 arithmetic, not time: generate --compare measures the speed-up',
    `features held    ${bytes(cost.peakFeatureBytes)} at most`,
    `weights          ${bytes(cost.weightBytes)}, ${large(chosen.model.parameters)} parameters`,
    `kinds of step    ${programsOf(plan).length}, each compiled before the first step`,
  ].join('\n');
}

/** The plan as `describe` writes it, in 80 columns, with steps that follow each other and do the same on one line. */
function planLines(plan: Plan): string {
  const lines: string[] = [];
  for (let first = 0; first < plan.steps.length;) {
    const text = lineOf(plan, first);
    let last = first;
    while (last + 1 < plan.steps.length && lineOf(plan, last + 1) === text) last++;
    const range = last === first ? String(first) : `${first}-${last}`;
    const [head, ...rest] = packed(text.slice(1).split(BETWEEN_OPS), WIDTH - 11);
    lines.push(`${range.padStart(7)} ${text[0]!}  ${head!}`, ...rest.map((line) => `${' '.repeat(11)}${line}`));
    first = last + 1;
  }
  return lines.join('\n');
}

/** As many operations on a line as fit, none of them broken. */
function packed(ops: readonly string[], width: number): readonly string[] {
  const lines: string[] = [];
  for (const op of ops) {
    const joined = lines.length === 0 ? op : `${lines.at(-1)!}${BETWEEN_OPS}${op}`;
    if (lines.length > 0 && joined.length <= width) lines[lines.length - 1] = joined;
    else lines.push(op);
  }
  return lines;
}

function lineOf({ pattern, steps }: Plan, step: number): string {
  return (pattern?.[step] ?? ' ') + describeStep(steps[step]!);
}

/** What one letter costs at a step, for the whole batch. */
export interface LetterCost {
  readonly letter: string;
  readonly steps: number;
  /** The mean over its steps, which may differ a little. */
  readonly multiplyAdds: number;
}

export function letterCosts({ pattern }: Schedule, cost: PlanCost): readonly LetterCost[] {
  const counts = letterCounts(pattern);
  return [...new Set(pattern)].map((letter) => {
    const steps = counts.get(letter)!;
    const total = cost.steps.reduce((sum, step, i) => (pattern[i] === letter ? sum + step.multiplyAdds : sum), 0);
    return { letter, steps, multiplyAdds: total / steps };
  });
}

function letterTable(schedule: Schedule, plan: Plan, cost: PlanCost): string {
  const rows = letterCosts(schedule, cost).map(({ letter, steps, multiplyAdds }) => {
    const share = (steps * multiplyAdds) / cost.multiplyAdds;
    return [letter, kindOfLetter(letter, schedule, plan), steps, large(multiplyAdds), percent(share)];
  });
  return formatTable(['letter', 'step', 'steps', 'multiply-adds each', 'share'], rows, WIDTH);
}

function kindOfLetter(letter: string, { pattern }: Schedule, plan: Plan): StepKind {
  return kindOf(plan.steps[pattern.indexOf(letter)]!);
}
