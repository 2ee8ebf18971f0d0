import { MAX_ORDER, MAX_STEPS } from './limits.ts';
import type { Op, Plan, StepPlan } from './plan.ts';
import { selectorOf } from './schedule-json.ts';
import {
  booleanOf,
  integerOf,
  listOf,
  membersOf,
  nameOf,
  numberOf,
  objectOf,
  type Placed,
  refuse,
  textOf,
} from './untrusted/json-reader.ts';
import { shown } from './untrusted/printable.ts';

/** Plans, and operations of steps, that are known to be what they ought to be. */
const vouchedPlans = new WeakSet<Plan>();
const vouchedOps = new WeakSet<readonly Op[]>();

/** Takes note that a plan was made here, so that it is never checked. Plans are values. */
export function vouchFor(plan: Plan): Plan {
  vouchedPlans.add(plan);
  for (const { ops } of plan.steps) vouchedOps.add(ops);
  return plan;
}

/**
 * Refuses what is no plan: whoever hands one over may have it from anywhere.
 *
 * @throws {ProCacheError} `invalid-input`, with the place; `invalid-schedule` for its selector
 */
export function checkPlan(plan: Plan): void {
  if (vouchedPlans.has(plan)) return;
  const { steps, selector, pattern } = objectOf(untrusted(plan, 'plan'));
  const each = listOf(untrusted(steps, 'plan.steps'));
  if (each.length > MAX_STEPS)
    refuse('plan.steps', `has ${each.length} steps; the most that are followed are ${MAX_STEPS}`, 'invalid-input');
  each.forEach(checkStep);
  selectorOf(untrusted(selector, 'plan.selector'));
  if (pattern !== undefined) textOf(untrusted(pattern, 'plan.pattern'), MAX_STEPS);
  vouchFor(plan);
}

/** Refuses what are no operations of a step. */
export function checkOps(ops: readonly Op[]): void {
  if (vouchedOps.has(ops)) return;
  listOf(untrusted(ops, 'ops')).forEach(checkOp);
  vouchedOps.add(ops);
}

/** Refuses what is no step: of a step that nobody runs only the operations are looked at. */
export function checkStepOps(step: Pick<StepPlan, 'ops'>): void {
  checkOps(objectOf(untrusted(step, 'step'))['ops'] as readonly Op[]);
}

function untrusted(value: unknown, place: string): Placed {
  return { value, place, code: 'invalid-input' };
}

function member({ value, place, code }: Placed, key: string): Placed {
  return { value: (value as Readonly<Record<string, unknown>>)[key], place: `${place}.${key}`, code };
}

function checkStep(step: Placed): void {
  objectOf(step);
  listOf(member(step, 'ops')).forEach(checkOp);
  const program = member(step, 'program');
  objectOf(program);
  textOf(member(program, 'key'));
  listOf(member(program, 'ops')).forEach(objectOf);
  const live = member(step, 'live');
  if (!(live.value instanceof Map))
    refuse(live.place, `${shown(live.value)} is not a map; make plans with planOf or lower`, 'invalid-input');
}

function checkOp(placed: Placed): void {
  objectOf(placed);
  const kind = nameOf(member(placed, 'op'), ['run', 'refresh', 'fold', 'store']);
  const checks = { run: checkRun, refresh: checkRefresh, fold: checkFold, store: checkStore };
  checks[kind](placed);
}

function checkStore(placed: Placed): void {
  membersOf(placed, ['op', 'feature']);
  textOf(member(placed, 'feature'));
}

function checkRun(placed: Placed): void {
  const { ahead } = membersOf(placed, ['op', 'first', 'last', 'keep', 'watch', 'ahead']);
  for (const end of ['first', 'last']) integerOf(member(placed, end), 0);
  for (const list of ['keep', 'watch']) each(member(placed, list), isName, textOf);
  if (ahead === undefined) return;
  const own = member(placed, 'ahead');
  objectOf(own);
  textOf(member(own, 'pack'));
  each(member(own, 'sums'), () => false, checkSum);
}

function checkSum(sum: Placed): void {
  objectOf(sum);
  integerOf(member(sum, 'step'), 0);
  each(
    member(sum, 'terms'),
    (term) => isObject(term) && isName(term['branch']) && Number.isFinite(term['weight']),
    (term) => {
      objectOf(term);
      textOf(member(term, 'branch'));
      checkNumber(member(term, 'weight'));
    },
  );
}

function checkRefresh(placed: Placed): void {
  const { tokens } = membersOf(placed, ['op', 'branch', 'tokens', 'call', 'since', 'keep']);
  textOf(member(placed, 'branch'));
  if (tokens !== 'all') integerOf(member(placed, 'tokens'), 1);
  for (const count of ['call', 'since']) integerOf(member(placed, count), 0);
  booleanOf(member(placed, 'keep'));
}

function checkFold(placed: Placed): void {
  const { sums } = membersOf(placed, ['op', 'terms', 'sums']);
  each(
    member(placed, 'terms'),
    (term) => isObject(term) && isName(term['feature']) && areWeights(term['weights']),
    checkTerm,
  );
  if (sums === undefined) return;
  each(
    member(placed, 'sums'),
    () => false,
    (sum) => {
      objectOf(sum);
      textOf(member(sum, 'pack'));
      integerOf(member(sum, 'index'), 0);
    },
  );
}

function checkTerm(term: Placed): void {
  objectOf(term);
  textOf(member(term, 'feature'));
  const weights = listOf(member(term, 'weights'));
  if (weights.length > MAX_ORDER + 1)
    refuse(term.place, `adds ${weights.length} features; the most are ${MAX_ORDER + 1}`, 'invalid-input');
  weights.forEach(checkNumber);
}

function checkNumber(placed: Placed): void {
  numberOf(placed, -Infinity, Infinity);
}

/**
 * Looks at the elements of a list: closely, and with their places, only at those that are not plainly good. Plans have
 * thousands.
 */
function each(
  { value, place, code }: Placed,
  isGood: (element: unknown) => boolean,
  look: (element: Placed) => void,
): void {
  if (!Array.isArray(value)) refuse(place, `${shown(value)} is not an array`, code);
  for (let i = 0; i < value.length; i++) {
    const element: unknown = value[i];
    if (!isGood(element)) look({ value: element, place: `${place}[${i}]`, code });
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function isName(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

function areWeights(value: unknown): boolean {
  return Array.isArray(value) && value.length <= MAX_ORDER + 1 && value.every((weight) => Number.isFinite(weight));
}
