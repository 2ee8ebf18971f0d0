import { SCORE_NAMES } from '../schedule/schedule-json.ts';
import type { ScoreName } from '../schedule/schedule.ts';
import { type BranchId, type FeatureId, inBlockOrder } from '../topology.ts';
import { nameOf } from '../untrusted/json-reader.ts';
import { checkOps } from './operations-check.ts';
import type { Ahead, Op, Run, Store } from './operations.ts';

/**
 * The operations of a step without its numbers: weights, gates, token counts and indices are inputs.
 *
 * Steps with the same operations are the same program; a schedule has two to a few dozen. A backend
 * compiles each program once.
 */
export interface StepProgram {
  /** Equal for equal programs. */
  readonly key: string;
  readonly ops: readonly ProgramOp[];
  /** The raw score that the watched branches are to give; absent where nothing is watched. */
  readonly score?: ScoreName;
}

export type ProgramOp =
  /** `ahead`: the branches whose features go into sums for later folds; how many sums there are is an input. */
  | (Omit<Run, 'ahead'> & { readonly ahead: readonly BranchId[] })
  | Store
  | { readonly op: 'refresh'; readonly branch: BranchId; readonly tokens: 'some' | 'all'; readonly keep: boolean }
  /** `depth`: how many of the newest features of each id are summed. */
  /** `sums`: how many prepared sums are added; where each of them lies is an input. */
  | {
      readonly op: 'fold';
      readonly terms: readonly { readonly feature: FeatureId; readonly depth: number }[];
      readonly sums: number;
    };

/** The program of a step that does these operations. */
export function programOf(ops: readonly Op[], score: ScoreName): StepProgram {
  checkOps(ops);
  nameOf({ value: score, place: 'score', code: 'invalid-input' }, SCORE_NAMES);
  return programOfDraft(ops, score);
}

/** The same for operations that are being written. */
export function programOfDraft(ops: readonly Op[], score: ScoreName): StepProgram {
  const programOps = ops.map(withoutNumbers);
  const watches = ops.some((op) => op.op === 'run' && op.watch.length > 0);
  return { key: JSON.stringify([programOps, watches ? score : undefined]), ops: programOps, ...(watches && { score }) };
}

function withoutNumbers(op: Op): ProgramOp {
  switch (op.op) {
    case 'run': {
      const { ahead, ...run } = op;
      return { ...run, ahead: aheadBranches(ahead) };
    }
    case 'store':
      return op;
    case 'refresh':
      return { op: 'refresh', branch: op.branch, tokens: op.tokens === 'all' ? 'all' : 'some', keep: op.keep };
    case 'fold':
      return {
        op: 'fold',
        terms: op.terms.map(({ feature, weights }) => ({ feature, depth: weights.length })),
        sums: op.sums?.length ?? 0,
      };
  }
}

/** The branches that any of the sums takes in, block by block. */
function aheadBranches(ahead: Ahead | undefined): readonly BranchId[] {
  const branches = new Set(ahead?.sums.flatMap(({ terms }) => terms.map(({ branch }) => branch)));
  return inBlockOrder([...branches], (branch) => branch);
}
