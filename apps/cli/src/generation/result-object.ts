import { comparisonObject } from '@procache/compare';
import { type PlanCost, summarise } from '@procache/core';
import { type Job, provenanceOf } from './job.ts';
import type { Made } from './make-images.ts';
import type { WrittenFiles } from './output.ts';

/** What `procache generate --json` prints. Times are wall clock, in milliseconds; decibels of identical images null. */
export function resultOf(job: Job, { run, comparison }: Made, cost: PlanCost, files: WrittenFiles): object {
  return {
    ...provenanceOf(job),
    files,
    milliseconds: run.milliseconds,
    summary: summarise(run.records),
    multiplyAdds: cost.multiplyAdds,
    multiplyAddRatio: cost.multiplyAddRatio, // of arithmetic, not of time
    ...(comparison && { comparison: comparisonObject(comparison) }),
  };
}
