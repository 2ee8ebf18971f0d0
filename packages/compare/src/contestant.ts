import type { Plan, TrajectoryOptions } from '@procache/core';

/**
 * One way of drawing images, under the name that results give it: a plan, and all else that a generation takes.
 *
 * Steps, sampler and guidance may differ from one contestant to the next, so that caching is compared with fewer steps.
 * What the images are to show, and the noise that they begin with, should be the same.
 */
export interface Contestant extends TrajectoryOptions {
  readonly name: string;
  readonly plan: Plan;
}

/** The images that the model evaluates at a step of a contestant: twice as many as it draws where it is guided. */
export function batchOf({ conditions, guidance }: Contestant): number {
  return conditions.length * (guidance !== undefined && guidance.scale !== 1 ? 2 : 1);
}
