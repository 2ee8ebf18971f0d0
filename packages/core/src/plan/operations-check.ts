import { MAX_ORDER } from '../limits.ts';
import {
  booleanOf,
  integerOf,
  isJsonObject,
  listOf,
  memberOf,
  membersOf,
  nameOf,
  numberOf,
  objectOf,
  type Placed,
  refuse,
  textOf,
} from '../untrusted/json-reader.ts';
import { shown } from '../untrusted/printable.ts';
import type { Op } from './operations.ts';

/** Operations of steps that are known to be what they ought to be. */
const vouched = new WeakSet<readonly Op[]>();

/** Takes note that operations were made here, so that they are never checked. They are values. */
export function vouchForOps(ops: readonly Op[]): void {
  vouched.add(ops);
}

/** Refuses what are no operations of a step. */
export function checkOps(ops: readonly Op[]): void {
  if (vouched.has(ops)) return;
  listOf({ value: ops, place: 'ops', code: 'invalid-input' }).forEach(checkOp);
  vouched.add(ops);
}

/** Refuses what is no step: of a step that nobody runs only the operations are looked at. */
export function checkStepOps(step: { readonly ops: readonly Op[] }): void {
  checkOps(objectOf({ value: step, place: 'step', code: 'invalid-input' })['ops'] as readonly Op[]);
}

/** Refuses what is no operation. */
export function checkOp(placed: Placed): void {
  objectOf(placed);
  const kind = nameOf(memberOf(placed, 'op'), ['run', 'refresh', 'fold', 'store']);
  const checks = { run: checkRun, refresh: checkRefresh, fold: checkFold, store: checkStore };
  checks[kind](placed);
}

function checkStore(placed: Placed): void {
  membersOf(placed, ['op', 'feature']);
  textOf(memberOf(placed, 'feature'));
}

function checkRun(placed: Placed): void {
  const { ahead } = membersOf(placed, ['op', 'first', 'last', 'keep', 'watch', 'ahead']);
  for (const end of ['first', 'last']) integerOf(memberOf(placed, end), 0);
  for (const list of ['keep', 'watch']) each(memberOf(placed, list), isName, textOf);
  if (ahead === undefined) return;
  const own = memberOf(placed, 'ahead');
  objectOf(own);
  textOf(memberOf(own, 'pack'));
  each(memberOf(own, 'sums'), () => false, checkSum);
}

function checkSum(sum: Placed): void {
  objectOf(sum);
  integerOf(memberOf(sum, 'step'), 0);
  each(
    memberOf(sum, 'terms'),
    (term) => isJsonObject(term) && isName(term['branch']) && Number.isFinite(term['weight']),
    (term) => {
      objectOf(term);
      textOf(memberOf(term, 'branch'));
      checkNumber(memberOf(term, 'weight'));
    },
  );
}

function checkRefresh(placed: Placed): void {
  const { tokens, watch, by } = membersOf(placed, ['op', 'branch', 'tokens', 'call', 'since', 'keep', 'watch', 'by']);
  textOf(memberOf(placed, 'branch'));
  if (tokens !== 'all') integerOf(memberOf(placed, 'tokens'), 1);
  for (const count of ['call', 'since']) integerOf(memberOf(placed, count), 0);
  booleanOf(memberOf(placed, 'keep'));
  if (watch !== undefined) each(memberOf(placed, 'watch'), isName, textOf);
  if (by !== undefined) textOf(memberOf(placed, 'by'));
}

function checkFold(placed: Placed): void {
  const { sums } = membersOf(placed, ['op', 'terms', 'sums']);
  each(
    memberOf(placed, 'terms'),
    (term) => isJsonObject(term) && isName(term['feature']) && areWeights(term['weights']),
    checkTerm,
  );
  if (sums === undefined) return;
  each(
    memberOf(placed, 'sums'),
    () => false,
    (sum) => {
      objectOf(sum);
      textOf(memberOf(sum, 'pack'));
      integerOf(memberOf(sum, 'index'), 0);
    },
  );
}

function checkTerm(term: Placed): void {
  objectOf(term);
  textOf(memberOf(term, 'feature'));
  const weights = listOf(memberOf(term, 'weights'));
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

function isName(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

function areWeights(value: unknown): boolean {
  return Array.isArray(value) && value.length <= MAX_ORDER + 1 && value.every((weight) => Number.isFinite(weight));
}
