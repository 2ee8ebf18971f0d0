import { type FeatureId, parseBranch, type ProgramOp, type StepProgram } from '@procache/core';

/**
 * The program that gives all that these give: the same operations with the outputs of each.
 *
 * Programs that differ only in what they keep and watch compute the same and hold the same weights,
 * so one session serves them all, and a run asks only for the outputs that it wants.
 */
export function mergePrograms(programs: readonly StepProgram[]): StepProgram {
  const [first, ...others] = programs;
  return others.reduce(mergeTwo, first!);
}

/** Equal for programs that `mergePrograms` can merge. */
export function skeletonOf({ ops, choice }: StepProgram): string {
  const bare = ops.map((op) => {
    if (op.op === 'run') return [op.op, op.first, op.last];
    // What scores some tokens anew takes the scores of the others, so it is not the same without.
    return op.op === 'refresh' ? [op.op, op.branch, op.tokens, op.watch !== undefined, op.by ?? null] : op;
  });
  return JSON.stringify([bare, choice]);
}

function mergeTwo(a: StepProgram, b: StepProgram): StepProgram {
  const ops = a.ops.map((op, i) => mergeOps(op, b.ops[i]!));
  const score = a.score ?? b.score;
  const { choice } = a;
  return { key: JSON.stringify([ops, score, choice]), ops, ...(score && { score }), ...(choice && { choice }) };
}

function mergeOps(a: ProgramOp, b: ProgramOp): ProgramOp {
  if (a.op === 'run' && b.op === 'run')
    return {
      ...a,
      keep: union(a.keep, b.keep),
      watch: union(a.watch, b.watch),
      ahead: union(a.ahead, b.ahead).sort((c, d) => parseBranch(c).block - parseBranch(d).block),
    };
  if (a.op === 'refresh' && b.op === 'refresh')
    return { ...a, keep: a.keep || b.keep, ...(a.watch && { watch: union(a.watch, b.watch ?? []) }) };
  return a;
}

function union<Id extends FeatureId>(a: readonly Id[], b: readonly Id[]): Id[] {
  return [...new Set([...a, ...b])];
}
