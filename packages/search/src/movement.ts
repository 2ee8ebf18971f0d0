import {
  type BranchId,
  branchesOf,
  type FeatureId,
  type Op,
  type Plan,
  planOf,
  programOf,
  type StepResult,
  trajectoryOf,
  type TrajectoryOptions,
  type Transformer,
  uncached,
  writesOf,
} from '@procache/core';
import { checkOptions, type Fields } from '@procache/core/untrusted';
import { type Change, changeOf } from './analysis.ts';
import type { Signal } from './scoring/evaluator.ts';

/** How the features of one branch move along an uncached trajectory. */
export interface BranchMovement {
  readonly branch: BranchId;
  /** From each step to the next: one entry fewer than steps. */
  readonly change: readonly Change[];
  /**
   * `reuseError[gap - 1]`: the relative L1 error of a feature that is reused `gap` steps later, the mean over all
   * steps.
   */
  readonly reuseError: readonly number[];
}

export interface MovementOptions<T> extends TrajectoryOptions {
  /** The numbers of a feature, [images, tokens, width]; with guidance as many images again. */
  readonly read: (feature: T) => Float32Array | Promise<Float32Array>;
  /** The longest gap that features are reused over; 8 unless given. */
  readonly longest?: number;
  /** How many numbers of each feature are looked at, evenly spread; 65536 unless given, so that large models fit. */
  readonly sample?: number;
  readonly signal?: Signal | undefined;
}

/**
 * How every branch's features move: the two analyses of the paper's section 3, measured from the model at hand.
 *
 * One uncached generation. Holds `longest` steps of the sampled features at a time.
 */
export async function branchMovement<T>(
  model: Transformer<T>,
  options: MovementOptions<T>,
): Promise<readonly BranchMovement[]> {
  checkOptions('branchMovement', options, FIELDS);
  const { read, longest = 8, sample = 65_536, signal, ...sampling } = options;
  const steps = sampling.steps.count;
  const traces = new Map(
    branchesOf(model.topology)
      .flat()
      .map(({ id }) => [id, new Trace(longest)]),
  );
  const watching = watched(model, async (features) => {
    for (const [branch, trace] of traces) trace.add(sampled(await read(features.get(branch)!), sample));
  });
  const trajectory = trajectoryOf(watching, sampling);
  await trajectory.follow(planOf(uncached({ steps }), model.topology), (denoise) => trajectory.sample(denoise), {
    signal,
  });
  return [...traces].map(([branch, trace]) => ({ branch, change: trace.change, reuseError: trace.reuseError() }));
}

const FIELDS: Fields<MovementOptions<never>> = {
  steps: true,
  seeds: true,
  conditions: true,
  noise: true,
  guidance: true,
  sampler: true,
  eta: true,
  signal: true,
  read: true,
  longest: true,
  sample: true,
};

/** What one branch's features did, and the last of them. */
class Trace {
  readonly change: Change[] = [];
  /** Newest first. */
  #last: readonly Float32Array[] = [];
  /** By gap less one. */
  readonly #errors: number[][];

  constructor(longest: number) {
    this.#errors = Array.from({ length: longest }, () => []);
  }

  add(feature: Float32Array): void {
    this.#last.forEach((earlier, i) => {
      const change = changeOf(earlier, feature);
      if (i === 0) this.change.push(change);
      this.#errors[i]!.push(change.relativeL1);
    });
    this.#last = [feature, ...this.#last].slice(0, this.#errors.length);
  }

  reuseError(): readonly number[] {
    return this.#errors
      .filter((own) => own.length > 0)
      .map((own) => own.reduce((sum, error) => sum + error, 0) / own.length);
  }
}

/** So many numbers of a feature at the most, evenly spread; a copy, as the feature is given back. */
function sampled(feature: Float32Array, most: number): Float32Array {
  const stride = Math.max(1, Math.ceil(feature.length / most));
  return Float32Array.from({ length: Math.ceil(feature.length / stride) }, (_, i) => feature[i * stride]!);
}

/**
 * The same transformer, which shows the features of all branches that a step evaluates to `onFeatures`, and then does
 * what it was asked.
 *
 * It follows the plan it is given, only that the runs keep everything; what nobody else asked for is released at once.
 */
export function watched<T>(
  model: Transformer<T>,
  onFeatures: (features: ReadonlyMap<FeatureId, T>) => void | Promise<void>,
): Transformer<T> {
  return {
    topology: model.topology,
    latent: model.latent,
    hoists: false,
    prepare: (plans) => model.prepare(plans.map((plan) => keepingAll(plan, model))),
    dispose: () => model.dispose(),
    async condition(conditions, plan) {
      const keeping = keepingAll(plan, model);
      const inner = await model.condition(conditions, keeping);
      return {
        release: (feature) => inner.release(feature),
        dispose: () => inner.dispose(),
        async execute(call): Promise<StepResult<T>> {
          const result = await inner.execute({ ...call, plan: keeping.steps[call.step]! });
          await onFeatures(result.features);
          const asked = new Set(writesOf(call.plan.ops).map(({ feature }) => feature));
          for (const [id, feature] of result.features) if (!asked.has(id)) inner.release(feature);
          return { ...result, features: new Map([...result.features].filter(([id]) => asked.has(id))) };
        },
      };
    },
  };
}

function keepingAll<T>(plan: Plan, { topology }: Transformer<T>): Plan {
  const branches = branchesOf(topology);
  const keeping = (op: Op): Op => {
    if (op.op !== 'run') return op;
    const all = branches.slice(op.first, op.last + 1).flatMap((own) => own.map(({ id }) => id));
    return { ...op, keep: [...new Set([...all, ...op.keep])] };
  };
  const steps = plan.steps.map((step) => {
    const ops = step.ops.map(keeping);
    return { ...step, ops, program: programOf(ops, plan.selector.score) };
  });
  return { ...plan, steps };
}
