import { integerOf } from '../untrusted/json-reader.ts';
import { describeStep } from './describe.ts';
import { checkPlan, type Plan } from './plan.ts';

/** What `describeStep` writes between operations. */
const BETWEEN_OPS = '  ';
/** Where operations begin: behind the steps and their letter. */
const INDENT = 11;

/**
 * A plan as `describe` writes it, for people: in lines of at most `width` signs where no operation is longer, with
 * steps that follow each other and do the same on one line.
 *
 *           0 #  run 0-27  keep 56
 *         1-2 .  fold 0.attn..27.mlp (56)
 */
export function describeLines(plan: Plan, width = 80): readonly string[] {
  checkPlan(plan);
  integerOf({ value: width, place: 'width', code: 'invalid-input' }, 1);
  const lines: string[] = [];
  for (let first = 0; first < plan.steps.length;) {
    const text = lineOf(plan, first);
    let last = first;
    while (last + 1 < plan.steps.length && lineOf(plan, last + 1) === text) last++;
    const range = last === first ? String(first) : `${first}-${last}`;
    const [head, ...rest] = packed(text.slice(1).split(BETWEEN_OPS), width - INDENT);
    lines.push(`${range.padStart(7)} ${text[0]!}  ${head!}`, ...rest.map((line) => `${' '.repeat(INDENT)}${line}`));
    first = last + 1;
  }
  return lines;
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
