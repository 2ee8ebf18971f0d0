import { type BranchId, type FeatureId, isPack, type StepPlan, writesOf } from '@procache/core';
import { aheadOf, outputOf, scoreOf } from './names.ts';

/** What a step asks of its graph, which may be able to give more, by the names of the outputs. */
export interface StepOutputs {
  readonly output: string;
  /** Those of the features that the step writes. */
  readonly features: ReadonlyMap<FeatureId, string>;
  /** Those of the raw scores of the branches that it watches. */
  readonly scores: ReadonlyMap<BranchId, string>;
}

export function stepOutputs({ ops }: Pick<StepPlan, 'ops'>): StepOutputs {
  const packs = ops.filter((op) => op.op === 'run').map(({ ahead }) => ahead?.pack);
  const nameOf = (feature: FeatureId) => (isPack(feature) ? aheadOf(packs.indexOf(feature)) : outputOf(feature));
  const watched = ops.flatMap((op) => (op.op === 'run' ? op.watch : []));
  return {
    output: 'output',
    features: new Map(writesOf(ops).map(({ feature }) => [feature, nameOf(feature)])),
    scores: new Map(watched.map((branch) => [branch, scoreOf(branch)])),
  };
}
