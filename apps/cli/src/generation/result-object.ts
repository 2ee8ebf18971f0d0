import { type PlanCost, type StepSummary, summarise } from '@procache/core';
import { type Closeness, type Comparison, isDisturbed, type Round, type Spread } from './comparison.ts';
import { imagesOf, type Job, type Provenance, provenanceOf } from './job.ts';
import type { TimedRun } from './run.ts';

/** The files that a generation wrote. */
export interface WrittenFiles {
  /** One per image; none where the model's latents cannot be decoded. */
  readonly pictures: readonly string[];
  readonly grid?: string;
  readonly compare?: string;
  readonly latents?: string;
  readonly trajectory?: string;
  /** Pictures of an earlier run into the same folder, which were removed. */
  readonly removed?: readonly string[];
}

/** What `procache generate --json` prints. Times are wall clock, in milliseconds. */
export interface GenerationResult extends Provenance {
  readonly files: WrittenFiles;
  readonly milliseconds: number;
  readonly summary: StepSummary;
  readonly multiplyAdds: number;
  /** Of arithmetic, not of time. */
  readonly multiplyAddRatio: number;
  readonly comparison?: {
    readonly rounds: readonly Round[];
    readonly medians: Round;
    readonly speedup: Spread;
    /** The same work in both; where they differ much, the times are not to be trusted. */
    readonly computedStep: Round;
    readonly disturbed: boolean;
    /** Decibels are `null` where the images are identical. */
    readonly closeness: Closeness;
  };
}

export function resultOf(
  job: Job,
  run: TimedRun,
  cost: PlanCost,
  files: WrittenFiles,
  comparison?: Comparison,
): GenerationResult {
  return {
    ...provenanceOf(job, imagesOf(job)),
    files,
    milliseconds: run.milliseconds,
    summary: summarise(run.records),
    multiplyAdds: cost.multiplyAdds,
    multiplyAddRatio: cost.multiplyAddRatio,
    ...(comparison && { comparison: comparisonPart(comparison) }),
  };
}

function comparisonPart(comparison: Comparison): NonNullable<GenerationResult['comparison']> {
  const { rounds, medians, speedup, computedStep, closeness } = comparison;
  return { rounds, medians, speedup, computedStep, disturbed: isDisturbed(comparison), closeness };
}
