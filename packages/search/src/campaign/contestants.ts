import { byName, costOf, planOf, ProCacheError, type Schedule, uncached } from '@procache/core';
import { keyOf } from '../space/alphabet.ts';
import { computedSteps } from '../space/pattern.ts';
import type { Campaign } from './campaign.ts';

/** A schedule that is judged, and what people call it. */
export interface ContestantSchedule {
  readonly name: string;
  /** `found`: by this search; `method`: what others would take; `fewer`: no caching, but fewer steps of the sampler. */
  readonly kind: 'found' | 'method' | 'fewer';
  readonly schedule: Schedule;
  readonly computed: number;
  /** How many times less arithmetic a guided image takes than uncached. */
  readonly multiplyAddRatio: number;
}

/** What was found for a budget of computed steps. */
export interface FoundSchedule {
  readonly budget: number;
  readonly schedule: Schedule;
}

/** The found schedules, and what stands beside each: methods, and as many plain steps of the sampler. */
export function contestantsOf(campaign: Campaign, found: readonly FoundSchedule[]): readonly ContestantSchedule[] {
  const { beside } = campaign;
  const all = [
    ...(beside?.map((name) => method(campaign, name)) ?? available(campaign, 'procache-published')),
    ...found.flatMap(({ budget, schedule }) => [
      contestant(campaign, `found, ${budget} computed`, 'found', schedule),
      ...(beside ? [] : usualMethods(campaign, budget)),
      ...fewerSteps(campaign, budget),
    ]),
  ];
  return [...new Map(all.map((one) => [keyOf(one.schedule), one])).values()];
}

/** What was found, and the published schedule, or without it the first of the other methods. */
export function shownContestants(campaign: Campaign, found: readonly FoundSchedule[]): readonly ContestantSchedule[] {
  const all = contestantsOf(campaign, found);
  const published = all.find(({ kind }) => kind === 'method');
  return [...(published ? [published] : []), ...all.filter(({ kind }) => kind === 'found')];
}

/** What one would take without a search: computing every so-many-th step, and reusing or forecasting the others. */
function usualMethods(campaign: Campaign, budget: number): readonly ContestantSchedule[] {
  const every = Math.max(2, Math.round(campaign.steps / budget));
  return [method(campaign, `fora-${every}`), method(campaign, `taylorseer-${every}-2`)];
}

/** As many plain steps, where the sampler can take that many: Heun's takes two for an update. */
function fewerSteps(campaign: Campaign, budget: number): readonly ContestantSchedule[] {
  return orNone(() => {
    campaign.sampling.stepsOf(budget);
    return contestant(campaign, `${budget} plain steps`, 'fewer', uncached({ steps: budget }));
  });
}

/** A method that may not be there for this model and so many steps. */
function available(campaign: Campaign, name: string): readonly ContestantSchedule[] {
  return orNone(() => method(campaign, name));
}

function orNone(make: () => ContestantSchedule): readonly ContestantSchedule[] {
  try {
    return [make()];
  } catch (cause) {
    if (cause instanceof ProCacheError) return [];
    throw cause;
  }
}

function method(campaign: Campaign, name: string): ContestantSchedule {
  return contestant(campaign, name, 'method', byName(name, campaign.model.topology, campaign.steps));
}

function contestant(
  { model, sampling, steps }: Campaign,
  name: string,
  kind: ContestantSchedule['kind'],
  schedule: Schedule,
): ContestantSchedule {
  const { topology, cost } = model;
  const batch = sampling.guidance ? 2 : 1;
  const uncachedAdds = costOf(planOf(uncached({ steps }), topology), cost, batch).multiplyAdds;
  const { multiplyAdds } = costOf(planOf(schedule, topology), cost, batch);
  return {
    name,
    kind,
    schedule,
    computed: computedSteps(schedule.pattern).length,
    multiplyAddRatio: uncachedAdds / multiplyAdds,
  };
}
