import { type BranchId, type FeatureId, isPack, type StepPlan, type Tokens, writesOf } from '@procache/core';
import { aheadOf, chosenOf, outputOf, scoreOf } from './names.ts';

/** What a step asks of its graph, which may be able to give more, by the names of the outputs. */
export interface StepOutputs {
  readonly output: string;
  /** Those of the features that the step writes. */
  readonly features: ReadonlyMap<FeatureId, string>;
  /** Those of the raw scores of the branches that it watches. */
  readonly scores: ReadonlyMap<BranchId, string>;
  /** Those of the tokens that the graph chooses, as numbers: `chosenTokens` reads them. */
  readonly chosen: ReadonlyMap<BranchId, string>;
}

export function stepOutputs({ ops }: Pick<StepPlan, 'ops'>): StepOutputs {
  const packs = ops.filter((op) => op.op === 'run').map(({ ahead }) => ahead?.pack);
  const nameOf = (feature: FeatureId) => (isPack(feature) ? aheadOf(packs.indexOf(feature)) : outputOf(feature));
  const watched = ops.flatMap((op) => (op.op === 'run' || op.op === 'refresh' ? (op.watch ?? []) : []));
  const choosing = ops.flatMap((op) => (op.op === 'refresh' && op.by !== undefined ? [op.branch] : []));
  return {
    output: 'output',
    features: new Map(writesOf(ops).map(({ feature }) => [feature, nameOf(feature)])),
    scores: new Map(watched.map((branch) => [branch, scoreOf(branch)])),
    chosen: new Map(choosing.map((branch) => [branch, chosenOf(branch)])),
  };
}

/** The tokens that a graph has chosen, `count` of each image, from what it gives for them. */
export function chosenTokens(numbers: Float32Array, count: number): Tokens {
  const indices = Int32Array.from(numbers);
  for (let from = 0; from < indices.length; from += count) indices.subarray(from, from + count).sort();
  return { count, indices };
}
