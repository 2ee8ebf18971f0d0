import type { Evaluator } from './evaluator.ts';

/**
 * Several evaluators as one, each busy with one schedule at a time: a model per worker thread, for a search with `parallel`.
 *
 * All must judge alike. An evaluation waits until one of them is free; the first to ask is the first served.
 */
export function pooled(evaluators: readonly [Evaluator, ...Evaluator[]]): Evaluator {
  const idle = [...evaluators];
  const waiting: ((evaluator: Evaluator) => void)[] = [];
  const take = (): Promise<Evaluator> => {
    const free = idle.shift();
    return free ? Promise.resolve(free) : new Promise((resolve) => waiting.push(resolve));
  };
  const giveBack = (evaluator: Evaluator): void => {
    const next = waiting.shift();
    if (next) next(evaluator);
    else idle.push(evaluator);
  };
  return {
    objectives: evaluators[0].objectives,
    async evaluate(schedule, seeds, signal) {
      const evaluator = await take();
      try {
        signal?.throwIfAborted();
        return await evaluator.evaluate(schedule, seeds, signal);
      } finally {
        giveBack(evaluator);
      }
    },
  };
}
