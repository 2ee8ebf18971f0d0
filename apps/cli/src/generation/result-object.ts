import { type PlanCost, summarise } from '@procache/core';
import { type Job, provenanceOf } from './job.ts';
import type { Beside, Made } from './make-images.ts';
import type { WrittenFiles } from './output.ts';

/** What `procache generate --json` prints. Times are wall clock, in milliseconds; decibels of identical images null. */
export function resultOf(job: Job, { run, beside }: Made, cost: PlanCost, files: WrittenFiles): object {
  return {
    ...provenanceOf(job),
    files,
    milliseconds: run.milliseconds,
    summary: summarise(run.records),
    multiplyAdds: cost.multiplyAdds,
    multiplyAddRatio: cost.multiplyAddRatio, // of arithmetic, not of time
    ...(beside && { comparison: comparisonOf(beside) }),
  };
}

function comparisonOf({ cached, uncached, disturbed }: Beside): object {
  return {
    rounds: cached.milliseconds.map((own, round) => ({ cached: own, uncached: uncached.milliseconds[round]! })),
    medians: { cached: cached.median, uncached: uncached.median },
    speedup: cached.speedup,
    computedStep: { cached: computedStep(cached), uncached: computedStep(uncached) },
    disturbed,
    closeness: cached.closeness,
  };
}

/** Milliseconds of a step that computes everything, as the first of every schedule does. */
export function computedStep({ kinds }: Beside['cached']): number {
  return kinds.computed?.median ?? NaN;
}
