import {
  branchesOf,
  type FeatureId,
  type Op,
  type Plan,
  programOf,
  type StepResult,
  type Transformer,
  writesOf,
} from '@procache/core';

/**
 * The same transformer, which shows the features of all branches that a step evaluates to `onFeatures`, with what reads
 * them ([images, tokens, width]; with guidance as many images again), and then does what it was asked.
 *
 * It follows the plan it is given, only that the runs keep everything; what nobody else asked for is released at once.
 */
export function watched<T>(
  transformer: Transformer<T>,
  onFeatures: (
    features: ReadonlyMap<FeatureId, T>,
    read: (feature: T) => Promise<Float32Array>,
  ) => void | Promise<void>,
): Transformer<T> {
  return {
    topology: transformer.topology,
    latent: transformer.latent,
    hoists: false,
    prepare: (plans) => transformer.prepare(plans.map((plan) => keepingAll(plan, transformer))),
    dispose: () => transformer.dispose(),
    async condition(conditions, plan) {
      const keeping = keepingAll(plan, transformer);
      const inner = await transformer.condition(conditions, keeping);
      return {
        read: (feature) => inner.read(feature),
        release: (feature) => inner.release(feature),
        dispose: () => inner.dispose(),
        async execute(call): Promise<StepResult<T>> {
          const result = await inner.execute({ ...call, plan: keeping.steps[call.step]! });
          await onFeatures(result.features, (feature) => inner.read(feature));
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
    return { ...step, ops, program: programOf(ops, plan.selector) };
  });
  return { ...plan, steps };
}
