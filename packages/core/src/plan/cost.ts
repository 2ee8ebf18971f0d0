import {
  type Branch,
  branchesOf,
  checkTopology,
  type FeatureId,
  parseBranch,
  tokensOf,
  type Topology,
} from '../topology.ts';
import { integerOf, numberOf, objectOf, refuse } from '../untrusted/json-reader.ts';
import { shown } from '../untrusted/printable.ts';
import type { Op } from './operations.ts';
import { checkPlan, type Plan, type StepPlan } from './plan.ts';
import { writesOf } from './reads-and-writes.ts';

/** What the parts of a model cost; it comes with the model, or from `transformerCost`. */
export interface ModelCost {
  readonly topology: Topology;
  /** Multiply-adds of a module, per image, when it is evaluated for so many of the image's tokens. */
  moduleMultiplyAdds(branch: Pick<Branch, 'block' | 'module'>, tokens: number): number;
  /** Multiply-adds of embedding the latent, per image and step. */
  readonly embedding: number;
  /** Multiply-adds of reading out the model's output, per image and step. */
  readonly head: number;
  /** Multiply-adds of the shifts, scales and gates of all blocks, per image and step. */
  readonly conditioning: number;
  /** Multiply-adds that a generation takes once, per image: the text keys and values of cross-attention. */
  readonly preparation: number;
  /** Size of one stored feature, per image, in bytes. */
  readonly featureBytes: number;
  /** Size of all weights, in bytes. */
  readonly weightBytes: number;
}

/** What one step costs, for all images of the batch. */
export interface StepCost {
  readonly multiplyAdds: number;
  /** Stored features once the step is over. */
  readonly heldBytes: number;
  /** Stored features while the step hands over what it made: those from before, and its own. */
  readonly peakBytes: number;
}

/** What a plan costs, worked out before it is run. Sums, activations and the choice of tokens are not counted. */
export interface PlanCost {
  readonly steps: readonly StepCost[];
  readonly multiplyAdds: number;
  /** Multiply-adds of as many steps, all computed. */
  readonly uncachedMultiplyAdds: number;
  /** Uncached multiply-adds by those of the plan. A ratio of arithmetic, not of time: a speed-up is measured. */
  readonly multiplyAddRatio: number;
  /** The most bytes of stored features at any moment. */
  readonly peakFeatureBytes: number;
  readonly weightBytes: number;
}

/** The cost of a plan for a batch of so many images, the unconditional half included. */
export function costOf(plan: Plan, model: ModelCost, images: number): PlanCost {
  checkPlan(plan);
  checkModel(model);
  integerOf({ value: images, place: 'images', code: 'invalid-input' }, 0);
  const blocks = blockMultiplyAdds(model);
  const steps: StepCost[] = [];
  const sizes = packSizes(plan);
  const tensorBytes = model.featureBytes * images;
  let held = 0;
  for (const step of plan.steps) {
    const made = writesOf(step.ops).reduce((sum, { feature }) => sum + (sizes.get(feature) ?? 1), 0);
    const peakBytes = (held + made) * tensorBytes;
    held = heldAfter(step, sizes);
    steps.push({
      multiplyAdds: images * stepMultiplyAdds(step.ops, model, blocks),
      heldBytes: held * tensorBytes,
      peakBytes,
    });
  }
  const preparation = images * model.preparation;
  const full: Op = { op: 'run', first: 0, last: model.topology.blocks.length - 1, keep: [], watch: [] };
  const multiplyAdds = steps.reduce((sum, step) => sum + step.multiplyAdds, preparation);
  const uncachedMultiplyAdds = preparation + steps.length * images * stepMultiplyAdds([full], model, blocks);
  return {
    steps,
    multiplyAdds,
    uncachedMultiplyAdds,
    multiplyAddRatio: uncachedMultiplyAdds / multiplyAdds,
    peakFeatureBytes: steps.reduce((most, { peakBytes }) => Math.max(most, peakBytes), 0),
    weightBytes: model.weightBytes,
  };
}

function checkModel(model: ModelCost): void {
  const { topology, moduleMultiplyAdds, ...counts } = objectOf({ value: model, place: 'model', code: 'invalid-input' });
  checkTopology(topology as Topology);
  if (typeof moduleMultiplyAdds !== 'function')
    refuse('model.moduleMultiplyAdds', `${shown(moduleMultiplyAdds)} is no function`, 'invalid-input');
  for (const count of ['embedding', 'head', 'conditioning', 'preparation', 'featureBytes', 'weightBytes']) {
    numberOf({ value: counts[count], place: `model.${count}`, code: 'invalid-input' }, 0, Infinity);
  }
}

/** How many tensors the cache holds once a step is over. */
function heldAfter({ live }: StepPlan, sizes: ReadonlyMap<FeatureId, number>): number {
  return [...live].reduce((sum, [feature, count]) => sum + count * (sizes.get(feature) ?? 1), 0);
}

/** How many tensors each pack of prepared sums is as large as. */
function packSizes({ steps }: Plan): ReadonlyMap<FeatureId, number> {
  const ahead = steps.flatMap(({ ops }) => ops.flatMap((op) => (op.op === 'run' && op.ahead ? [op.ahead] : [])));
  return new Map(ahead.map(({ pack, sums }) => [pack, sums.length]));
}

/** Multiply-adds of each block as a whole, per image. */
function blockMultiplyAdds(model: ModelCost): readonly number[] {
  const all = tokensOf(model.topology);
  return branchesOf(model.topology).map((branches) =>
    branches.reduce((sum, branch) => sum + model.moduleMultiplyAdds(branch, all), 0),
  );
}

/** Multiply-adds of a step, per image. */
function stepMultiplyAdds(ops: readonly Op[], model: ModelCost, blocks: readonly number[]): number {
  return ops.reduce(
    (sum, op) => sum + opMultiplyAdds(op, model, blocks),
    model.embedding + model.conditioning + model.head,
  );
}

function opMultiplyAdds(op: Op, model: ModelCost, blocks: readonly number[]): number {
  switch (op.op) {
    case 'run':
      return blocks.slice(op.first, op.last + 1).reduce((sum, block) => sum + block, 0);
    case 'refresh':
      return model.moduleMultiplyAdds(
        parseBranch(op.branch),
        op.tokens === 'all' ? tokensOf(model.topology) : op.tokens,
      );
    case 'fold':
    case 'store':
      return 0;
  }
}
