import type { Render } from './comparison.ts';

/** Images that one render is asked for at a time. */
const BATCH = 4;

/**
 * Several renders as one: a model per worker thread. They must make the same images.
 *
 * The seeds are dealt out in batches, each to a render that is free; the first to ask is the first served. How
 * they are divided depends on the seeds alone, so that the images do not depend on how many renders there are.
 */
export function pooledRender(renders: readonly [Render, ...Render[]], batch: number = BATCH): Render {
  const idle = [...renders];
  const waiting: ((render: Render) => void)[] = [];
  const take = (): Promise<Render> => {
    const free = idle.shift();
    return free ? Promise.resolve(free) : new Promise((resolve) => waiting.push(resolve));
  };
  const giveBack = (render: Render): void => {
    const next = waiting.shift();
    if (next) next(render);
    else idle.push(render);
  };
  const withOne: Render = async (schedule, seeds, signal) => {
    const render = await take();
    try {
      signal?.throwIfAborted();
      return await render(schedule, seeds, signal);
    } finally {
      giveBack(render);
    }
  };
  return async (schedule, seeds, signal) => {
    const parts = Array.from({ length: Math.ceil(seeds.length / batch) }, (_, i) =>
      withOne(schedule, seeds.slice(i * batch, (i + 1) * batch), signal),
    );
    await Promise.allSettled(parts); // none is left running behind the back of whoever is told of a failure
    return (await Promise.all(parts)).flat();
  };
}
