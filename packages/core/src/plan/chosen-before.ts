import { checkPlan, type Plan, vouchFor } from './plan.ts';
import { type Op, withWatch } from './operations.ts';
import { programOfDraft } from './program.ts';

/** The same plan with all tokens chosen before each step: for selectors that choose none in the middle of one. */
export function chosenBefore(plan: Plan): Plan {
  checkPlan(plan);
  if (!plan.steps.some(({ ops }) => ops.some(choosesWithin))) return plan;
  const steps = plan.steps.map((step) => {
    const ops = step.ops.map((op): Op => {
      if (op.op !== 'refresh') return op;
      return withWatch(op, op.watch ?? []);
    });
    return { ...step, ops, program: programOfDraft(ops, plan.selector) };
  });
  return vouchFor({ ...plan, steps });
}

function choosesWithin(op: Op): boolean {
  return op.op === 'refresh' && op.by !== undefined;
}
