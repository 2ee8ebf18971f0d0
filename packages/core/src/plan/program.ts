import { selectorOf } from '../schedule/schedule-json.ts';
import type { ChoiceRule, ScoreName, SelectorSettings } from '../schedule/schedule.ts';
import { type BranchId, type FeatureId, inBlockOrder } from '../topology.ts';
import { checkOps } from './operations-check.ts';
import type { Ahead, Op, Refresh, Run, Store } from './operations.ts';

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
  /** How tokens are chosen; absent where the step chooses none itself (`Refresh.by`). */
  readonly choice?: Required<ChoiceRule>;
}

export type ProgramOp =
  /** `ahead`: the branches whose features go into sums for later folds; how many sums there are is an input. */
  | (Omit<Run, 'ahead'> & { readonly ahead: readonly BranchId[] })
  | Store
  | (Omit<Refresh, 'tokens' | 'call' | 'since'> & { readonly tokens: 'some' | 'all' })
  /** `depth`: how many of the newest features of each id are summed. */
  /** `sums`: how many prepared sums are added; where each of them lies is an input. */
  | {
      readonly op: 'fold';
      readonly terms: readonly { readonly feature: FeatureId; readonly depth: number }[];
      readonly sums: number;
    };

/** The program of a step that does these operations, where tokens are chosen by these settings. */
export function programOf(ops: readonly Op[], selector: SelectorSettings): StepProgram {
  checkOps(ops);
  selectorOf({ value: selector, place: 'selector', code: 'invalid-input' });
  return programOfDraft(ops, selector);
}

/** The same for operations that are being written. */
export function programOfDraft(ops: readonly Op[], selector: SelectorSettings): StepProgram {
  const programOps = ops.map(withoutNumbers);
  const watches = programOps.some((op) => (op.op === 'run' || op.op === 'refresh') && (op.watch?.length ?? 0) > 0);
  const chooses = programOps.some((op) => op.op === 'refresh' && op.by !== undefined);
  const settings = { ...(watches && { score: selector.score }), ...(chooses && { choice: choiceOf(selector) }) };
  const key = chooses ? [programOps, settings.score, settings.choice] : [programOps, settings.score];
  return { key: JSON.stringify(key), ops: programOps, ...settings };
}

function choiceOf({ score, cells = [1, 1], bonus = 0, paired = false }: SelectorSettings): Required<ChoiceRule> {
  return { score, cells, bonus, paired };
}

function withoutNumbers(op: Op): ProgramOp {
  switch (op.op) {
    case 'run': {
      const { ahead, ...run } = op;
      return { ...run, ahead: aheadBranches(ahead) };
    }
    case 'store':
      return op;
    case 'refresh': {
      const { branch, keep, watch, by } = op;
      const tokens = op.tokens === 'all' ? 'all' : 'some';
      return { op: 'refresh', branch, tokens, keep, ...(watch && { watch }), ...(by !== undefined && { by }) };
    }
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
