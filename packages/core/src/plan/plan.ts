import { MAX_STEPS } from '../limits.ts';
import { selectorOf } from '../schedule/schedule-json.ts';
import type { SelectorSettings } from '../schedule/schedule.ts';
import type { FeatureId } from '../topology.ts';
import { listOf, memberOf, objectOf, type Placed, refuse, textOf } from '../untrusted/json-reader.ts';
import { shown } from '../untrusted/printable.ts';
import { checkOp, vouchForOps } from './operations-check.ts';
import type { Op } from './operations.ts';
import type { StepProgram } from './program.ts';

/** What one step does, between embedding the latent and reading out the noise. */
export interface StepPlan {
  readonly ops: readonly Op[];
  /** The same operations without their numbers: what a backend compiles. */
  readonly program: StepProgram;
  /** How many of the newest features of each id are still needed once the step is over. What is absent may be freed. */
  readonly live: ReadonlyMap<FeatureId, number>;
}

/** All that is known about a generation before its first step. */
export interface Plan {
  readonly steps: readonly StepPlan[];
  /** How tokens are chosen where a step refreshes some of them. */
  readonly selector: SelectorSettings;
  /** The letters of the schedule that the plan comes from, where there is one. */
  readonly pattern?: string;
}

/** The distinct programs of some plans, in the order in which they are first needed. */
export function programsOf(...plans: readonly Plan[]): readonly StepProgram[] {
  plans.forEach(checkPlan);
  const steps = plans.flatMap((plan) => plan.steps);
  return [...new Map(steps.map(({ program }) => [program.key, program])).values()];
}

/** Plans that are known to be what they ought to be. */
const vouched = new WeakSet<Plan>();

/** Takes note that a plan was made here, so that it is never checked. Plans are values. */
export function vouchFor(plan: Plan): Plan {
  vouched.add(plan);
  for (const { ops } of plan.steps) vouchForOps(ops);
  return plan;
}

/**
 * Refuses what is no plan: whoever hands one over may have it from anywhere.
 *
 * @throws {ProCacheError} `invalid-input`, with the place; `invalid-schedule` for its selector
 */
export function checkPlan(plan: Plan): void {
  if (vouched.has(plan)) return;
  const { steps, selector, pattern } = objectOf({ value: plan, place: 'plan', code: 'invalid-input' });
  const each = listOf({ value: steps, place: 'plan.steps', code: 'invalid-input' });
  if (each.length > MAX_STEPS)
    refuse('plan.steps', `has ${each.length} steps; the most that are followed are ${MAX_STEPS}`, 'invalid-input');
  each.forEach(checkStep);
  selectorOf({ value: selector, place: 'plan.selector', code: 'invalid-input' });
  if (pattern !== undefined) textOf({ value: pattern, place: 'plan.pattern', code: 'invalid-input' }, MAX_STEPS);
  vouchFor(plan);
}

function checkStep(step: Placed): void {
  objectOf(step);
  listOf(memberOf(step, 'ops')).forEach(checkOp);
  const program = memberOf(step, 'program');
  objectOf(program);
  textOf(memberOf(program, 'key'));
  listOf(memberOf(program, 'ops')).forEach(objectOf);
  const live = memberOf(step, 'live');
  if (!(live.value instanceof Map))
    refuse(live.place, `${shown(live.value)} is not a map; make plans with planOf or lower`, 'invalid-input');
}
