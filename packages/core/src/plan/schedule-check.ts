import { suggestion } from '../nearest.ts';
import { parseSchedule } from '../schedule/schedule-json.ts';
import type { Rule, Schedule, SelectorSettings } from '../schedule/schedule.ts';
import { checkTopology, modulesOf, roleOf, type Topology } from '../topology.ts';
import { integerOf, refuse } from '../untrusted/json-reader.ts';
import { shown } from '../untrusted/printable.ts';
import { DEFAULT_SELECTOR, planOfParsed } from './lower.ts';
import type { Plan } from './plan.ts';

/**
 * The plan of a schedule, once it is sure that the schedule fits the model and the sampler.
 *
 * Throws `invalid-schedule` for what `parseSchedule` refuses, for rules about blocks, spans or modules that the model
 * lacks, for a length other than `steps`, for a selector that the model cannot serve, and for all that lowering
 * finds: a branch about which a letter says nothing, a reuse before any compute, a span reused in part.
 */
export function checkSchedule(schedule: Schedule, topology: Topology, steps?: number): Plan {
  checkTopology(topology);
  const { pattern, legend, selector } = parseSchedule(schedule);
  if (steps !== undefined) integerOf({ value: steps, place: 'steps' }, 1);
  if (steps !== undefined && pattern.length !== steps) {
    refuse(
      'schedule.pattern',
      `the schedule has ${pattern.length} steps but the sampler takes ${steps}; ` +
        `use as many sampler steps, or a schedule of that length`,
    );
  }
  const known = modulesOf(topology);
  for (const [letter, rules] of Object.entries(legend)) {
    const place = `schedule.legend[${shown(letter)}]`;
    rules.forEach((rule, i) => checkRule(rule, { topology, known }, `${place}[${i}]`));
  }
  const plan = planOfParsed({ version: 1, pattern, legend, ...(selector && { selector }) }, topology);
  const selects = plan.steps.some(({ ops }) => ops.some((op) => op.op === 'refresh' && op.tokens !== 'all'));
  if (selects || selector) checkSelector(selector ?? DEFAULT_SELECTOR, topology);
  return plan;
}

function checkRule(
  rule: Rule,
  { topology, known }: { readonly topology: Topology; readonly known: readonly string[] },
  place: string,
): void {
  if (rule.blocks) checkRange(rule.blocks, topology, `${place}.blocks`);
  if (rule.do === 'reuse' && rule.span) checkRange(rule.span, topology, `${place}.span`);
  for (const module of rule.modules ?? []) {
    if (!known.includes(module)) {
      refuse(
        `${place}.modules`,
        `the model has no module ${shown(module)}${suggestion(module, known)} (it has ${known.join(', ')})`,
      );
    }
  }
}

function checkRange([first, last]: readonly [number, number], { blocks }: Topology, place: string): void {
  if (last >= blocks.length)
    refuse(place, `[${first}, ${last}] is outside the model's ${blocks.length} blocks (0-${blocks.length - 1})`);
}

function checkSelector({ score, cells = [1, 1], bonus = 0 }: SelectorSettings, topology: Topology): void {
  const known = modulesOf(topology);
  if (score === 'cross-attention-entropy' && !known.some((module) => roleOf(topology, module) === 'cross')) {
    refuse(
      'schedule.selector.score',
      `"${score}" needs a module of cross-attention, and the model has only ${known.join(', ')}; use "attention"`,
    );
  }
  const [rows, columns] = topology.grid;
  const [height, width] = cells;
  if (bonus > 0 && (rows % height !== 0 || columns % width !== 0)) {
    refuse(
      'schedule.selector.cells',
      `cells of ${height}x${width} do not tile the model's ${rows}x${columns} tokens; use divisors, or a bonus of 0`,
    );
  }
}
