import {
  duca,
  fora,
  procachePublished,
  type Schedule,
  taylorseer,
  toca,
  type Topology,
  uncached,
} from '@procache/core';

/** Steps of every golden case. */
const STEPS = 50;

/** The golden cases of `fixtures/dit`, and the schedule that each of them ran. */
export const GOLDEN_CASES: Readonly<Record<string, (topology: Topology) => Schedule>> = {
  full: () => uncached({ steps: STEPS }),
  'procache-published': (topology) => procachePublished({ topology, steps: STEPS }),
  'procache-constant': (topology) => constantRatio(procachePublished({ topology, steps: STEPS }), 0.3),
  'fora-3': () => fora({ steps: STEPS, interval: 3 }),
  'toca-3': (topology) => toca({ topology, steps: STEPS, interval: 3 }),
  'duca-3': (topology) => duca({ topology, steps: STEPS, interval: 3 }),
  'taylorseer-3-2': () => taylorseer({ steps: STEPS, interval: 3, order: 2 }),
  'taylorseer-4-4': () => taylorseer({ steps: STEPS, interval: 4, order: 4 }),
};

/** The same schedule with one ratio instead of every other. */
function constantRatio(schedule: Schedule, ratio: number): Schedule {
  const legend = Object.entries(schedule.legend).map(([letter, rules]) => [
    letter,
    rules.map((rule) => (rule.do === 'refresh' ? { ...rule, ratio } : rule)),
  ]);
  return { ...schedule, legend: Object.fromEntries(legend) as Schedule['legend'] };
}
