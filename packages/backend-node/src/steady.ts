import type { Conditioned, Plan, StepCall, StepResult, Transformer } from '@procache/core';
import { checkUnchanged, type FileIdentity } from './file-identity.ts';

/**
 * The same transformer, which gives nothing that was computed while one of its files was changed: they are looked at
 * before each generation, before each step, and after the last one.
 */
export function steady<T>(transformer: Transformer<T>, files: readonly FileIdentity[]): Transformer<T> {
  return {
    ...transformer,
    async condition(conditions, plan) {
      checkUnchanged(files);
      return steadyConditioned(await transformer.condition(conditions, plan), plan, files);
    },
  };
}

function steadyConditioned<T>(conditioned: Conditioned<T>, plan: Plan, files: readonly FileIdentity[]): Conditioned<T> {
  return {
    async execute(call: StepCall<T>): Promise<StepResult<T>> {
      checkUnchanged(files);
      const result = await conditioned.execute(call);
      if (call.step === plan.steps.length - 1) checkUnchanged(files);
      return result;
    },
    read: (tensor) => conditioned.read(tensor),
    release: (tensor) => conditioned.release(tensor),
    dispose: () => conditioned.dispose(),
  };
}
