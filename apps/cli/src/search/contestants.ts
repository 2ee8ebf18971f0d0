import { byName, costOf, planOf, ProCacheError, type Schedule, uncached } from '@procache/core';
import { keyOf } from '@procache/search';
import type { SearchJob } from './job.ts';

/** A schedule that is judged, and what people call it. */
export interface Contestant {
  readonly name: string;
  /** `found`: by this search; `method`: what others would take; `fewer`: no caching, but fewer steps of the sampler. */
  readonly kind: 'found' | 'method' | 'fewer';
  readonly schedule: Schedule;
  readonly computed: number;
  /** How many times less arithmetic a guided image takes than uncached. */
  readonly multiplyAddRatio: number;
}

/** The found schedules, and what stands beside each: methods, and as many plain steps of the sampler. */
export function contestantsOf(
  job: SearchJob,
  found: readonly { readonly budget: number; readonly schedule: Schedule }[],
): readonly Contestant[] {
  const { beside } = job.flags;
  const all = [
    ...(beside?.map((name) => method(job, name)) ?? available(job, 'procache-published')),
    ...found.flatMap(({ budget, schedule }) => [
      contestant(job, `found, ${budget} computed`, 'found', schedule),
      ...(beside ? [] : usualMethods(job, budget)),
      ...fewerSteps(job, budget),
    ]),
  ];
  return [...new Map(all.map((one) => [keyOf(one.schedule), one])).values()];
}

/** What one would take without a search: computing every so-many-th step, and reusing or forecasting the others. */
function usualMethods(job: SearchJob, budget: number): readonly Contestant[] {
  const every = Math.max(2, Math.round(job.steps / budget));
  return [method(job, `fora-${every}`), method(job, `taylorseer-${every}-2`)];
}

/** As many plain steps, where the sampler can take that many: Heun's takes two for an update. */
function fewerSteps(job: SearchJob, budget: number): readonly Contestant[] {
  return orNone(() => {
    job.process.stepsOf(budget);
    return contestant(job, `${budget} plain steps`, 'fewer', uncached({ steps: budget }));
  });
}

/** A method that may not be there for this model and so many steps. */
function available(job: SearchJob, name: string): readonly Contestant[] {
  return orNone(() => method(job, name));
}

function orNone(make: () => Contestant): readonly Contestant[] {
  try {
    return [make()];
  } catch (cause) {
    if (cause instanceof ProCacheError) return [];
    throw cause;
  }
}

function method(job: SearchJob, name: string): Contestant {
  return contestant(job, name, 'method', byName(name, job.chosen.model.topology, job.steps));
}

function contestant(
  { chosen, process, steps }: SearchJob,
  name: string,
  kind: Contestant['kind'],
  schedule: Schedule,
): Contestant {
  const { topology, cost } = chosen.model;
  const batch = process.guidance ? 2 : 1;
  const uncachedAdds = costOf(planOf(uncached({ steps }), topology), cost, batch).multiplyAdds;
  const { multiplyAdds } = costOf(planOf(schedule, topology), cost, batch);
  return {
    name,
    kind,
    schedule,
    computed: schedule.pattern.split('#').length - 1,
    multiplyAddRatio: uncachedAdds / multiplyAdds,
  };
}
