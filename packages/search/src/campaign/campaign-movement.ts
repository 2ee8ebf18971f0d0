import type { Transformer } from '@procache/core';
import { type BranchMovement, branchMovement } from '../movement/branch-movement.ts';
import { keptMovement } from '../movement/kept-movement.ts';
import type { Signal } from '../scoring/evaluator.ts';
import { guidanceFor } from '../scoring/renderer.ts';
import type { Study } from '../study/study.ts';
import type { Campaign } from './campaign.ts';

/** Images whose features are looked at. */
const IMAGES = 2;
const LONGEST_GAP = 8;

/** How the features of every branch move: measured once from an open model, and from then on read from the study. */
export function campaignMovement<T>(
  { model: { topology }, sampling, seeds, steps }: Campaign,
  transformer: Transformer<T>,
  { study, signal }: { readonly study: Study; readonly signal?: Signal | undefined },
): Promise<readonly BranchMovement[]> {
  const { sampler, eta, stepsOf, conditionOf } = sampling;
  const shown = seeds.search.slice(0, IMAGES);
  const conditions = shown.map(conditionOf);
  return study.keep(keptMovement(topology), () =>
    branchMovement(transformer, {
      sampler,
      eta,
      guidance: guidanceFor(sampling, conditions),
      steps: stepsOf(steps),
      seeds: shown,
      conditions,
      longest: LONGEST_GAP,
      signal,
    }),
  );
}
