import { isStream } from '../topology.ts';
import { integerOf } from '../untrusted/json-reader.ts';
import type { Op } from './operations.ts';
import { checkPlan, type Plan } from './plan.ts';

/** What `describe` writes, and what it means; in the order in which a reader meets it. */
const ENTRIES: readonly (readonly [text: string, occurs: (op: Op) => boolean])[] = [
  ['run a-b: compute blocks a-b', (op) => op.op === 'run'],
  ['keep n: store n features', (op) => op.op === 'run' && op.keep.length > 0],
  ['watch n: score n branches', (op) => (op.op === 'run' || op.op === 'refresh') && (op.watch?.length ?? 0) > 0],
  ['ahead n: add up n later folds', (op) => op.op === 'run' && op.ahead !== undefined],
  ['compute b.m: compute one module', (op) => op.op === 'refresh' && op.tokens === 'all'],
  ['refresh b.m n: compute n tokens', (op) => op.op === 'refresh' && op.tokens !== 'all'],
  ['by b.m: chosen by its new scores', (op) => op.op === 'refresh' && op.by !== undefined],
  [
    'fold x..y (n): add n stored features',
    (op) => op.op === 'fold' && op.terms.some(({ feature }) => !isStream(feature)),
  ],
  ['from k: forecast by the newest k', (op) => op.op === 'fold' && op.terms.some(({ weights }) => weights.length > 1)],
  ['store @b: store the stream after b', (op) => op.op === 'store'],
  ['fold @b: put that stream back', (op) => op.op === 'fold' && op.terms.some(({ feature }) => isStream(feature))],
  ['fold s[i]: add sum i of run s', (op) => op.op === 'fold' && op.sums !== undefined],
];

/**
 * How to read a plan as `describe` writes it, in lines of at most `width` signs: only what this plan shows, mostly two
 * lines.
 *
 *     run a-b: compute blocks a-b; keep n: store n features
 *     fold x..y (n): add n stored features
 */
export function planLegend(plan: Plan, width: number = 80): string {
  checkPlan(plan);
  integerOf({ value: width, place: 'width', code: 'invalid-input' }, 1);
  const shown = ENTRIES.filter(([, occurs]) => plan.steps.some(({ ops }) => ops.some(occurs)));
  const lines: string[] = [];
  for (const [entry] of shown) {
    const longer = lines.length > 0 ? `${lines.at(-1)!}; ${entry}` : entry;
    if (lines.length > 0 && longer.length <= width) lines[lines.length - 1] = longer;
    else lines.push(entry);
  }
  return lines.join('\n');
}
