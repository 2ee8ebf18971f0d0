import { type BranchMovement, branchMovement, keptMovement, type Study } from '@procache/search';
import type { SearchJob } from '../job.ts';
import type { Workers } from '../workers.ts';

/** Images whose features are looked at. */
const IMAGES = 2;
const LONGEST_GAP = 8;

/**
 * How the features of every branch move, measured once from the model at hand, and from then on read from the study.
 */
export function measuredMovement(
  job: SearchJob,
  { study, workers, signal }: { readonly study: Study; readonly workers: Workers; readonly signal: AbortSignal },
): Promise<readonly BranchMovement[]> {
  return study.keep(keptMovement(job.chosen.model.topology), () => measure(job, workers, signal));
}

function measure(
  { process, conditionOf, steps, seeds }: SearchJob,
  { model }: Workers,
  signal: AbortSignal,
): Promise<readonly BranchMovement[]> {
  const { sampler, eta, guidance, stepsOf } = process;
  const shown = seeds.search.slice(0, IMAGES);
  return branchMovement(model, {
    sampler,
    eta,
    guidance,
    steps: stepsOf(steps),
    seeds: shown,
    conditions: shown.map(conditionOf),
    longest: LONGEST_GAP,
    signal,
  });
}
