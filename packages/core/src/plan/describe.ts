import { checkStepOps } from './operations-check.ts';
import type { Fold, Op } from './operations.ts';
import { checkPlan, type Plan, type StepPlan } from './plan.ts';

/**
 * A plan as text: one line per step, for terminals, tests and the playground. `planLegend` says how to read it.
 *
 *     0 #  run 0-27 keep 56 watch 7
 *     1 .  fold 0.attn..27.mlp (56)
 */
export function describe(plan: Plan): string {
  checkPlan(plan);
  return plan.steps
    .map((step, i) =>
      [String(i).padStart(3), ...(plan.pattern ? [` ${plan.pattern[i] ?? ' '}`] : []), '  ', describeStep(step)].join(
        '',
      ),
    )
    .join('\n');
}

/** The operations of one step as text. */
export function describeStep(step: StepPlan): string {
  checkStepOps(step);
  return step.ops.map(describeOp).join('  ');
}

function describeOp(op: Op): string {
  switch (op.op) {
    case 'run':
      return [
        `run ${op.first}-${op.last}`,
        count('keep', op.keep),
        count('watch', op.watch),
        op.ahead ? `ahead ${op.ahead.sums.length}` : '',
      ]
        .filter(Boolean)
        .join(' ');
    case 'refresh':
      return [
        op.tokens === 'all' ? `compute ${op.branch}` : `refresh ${op.branch} ${op.tokens}`,
        op.by === undefined ? '' : `by ${op.by}`,
        count('watch', op.watch ?? []),
      ]
        .filter(Boolean)
        .join(' ');
    case 'store':
      return `store ${op.feature}`;
    case 'fold':
      return [
        'fold',
        ...(op.sums ?? []).map(({ pack, index }) => `${pack}[${index}]`),
        ...describeTerms(op.terms),
      ].join(' ');
  }
}

function describeTerms(terms: Fold['terms']): readonly string[] {
  const [first, last] = [terms[0], terms.at(-1)];
  if (!first || !last) return [];
  const depth = terms.reduce((most, { weights }) => Math.max(most, weights.length), 0);
  const from = depth > 1 ? ` from ${depth}` : '';
  return [
    terms.length === 1 ? `${first.feature}${from}` : `${first.feature}..${last.feature} (${terms.length})${from}`,
  ];
}

function count(word: string, ids: readonly string[]): string {
  if (ids.length === 0) return '';
  return `${word} ${ids.length === 1 ? ids[0]! : ids.length}`;
}
