import { join } from 'node:path';
import { formatSchedule, type Schedule } from '@procache/core';
import { writeWhole } from '@procache/files';
import { type Assessment, found, frontOf, scoresOf } from '@procache/search';
import { notesOf, type SearchJob } from './job.ts';
import type { SearchOutcome } from './run-search.ts';

/** The files that a search leaves behind, besides its study. */
export interface OutcomeFiles {
  /** By budget. */
  readonly schedules: ReadonlyMap<number, string>;
  readonly pareto: string;
}

/** Writes the best schedule of every budget, and the set of those that nothing beats. */
export async function writeOutcome(job: SearchJob, outcome: SearchOutcome, folder: string): Promise<OutcomeFiles> {
  const schedules = new Map<number, string>();
  for (const { budget } of outcome.budgets) {
    const path = join(folder, scheduleName(budget));
    await writeWhole(path, formatSchedule(foundSchedule(job, outcome, budget)));
    schedules.set(budget, path);
  }
  const pareto = join(folder, 'pareto.json');
  await writeWhole(pareto, `${JSON.stringify(paretoSet(job, outcome), undefined, 1)}\n`);
  return { schedules, pareto };
}

/** Writes the best that a search had come by when it was stopped. */
export async function writeBestSoFar(
  job: SearchJob,
  best: ReadonlyMap<number, Assessment>,
  folder: string,
): Promise<readonly string[]> {
  const paths: string[] = [];
  for (const [budget, assessment] of best) {
    const path = join(folder, scheduleName(budget));
    const schedule = {
      ...assessment.schedule,
      notes: { ...notesOf(job, job.space.spaceOf(budget)), interrupted: true, scores: scoresOf(assessment) },
    };
    await writeWhole(path, formatSchedule(schedule));
    paths.push(path);
  }
  return paths;
}

/** The schedule that was found, with what it scored in the final race and where it was judged. */
export function foundSchedule(job: SearchJob, { budgets, judged }: SearchOutcome, budget: number): Schedule {
  const { result, space } = budgets.find((outcome) => outcome.budget === budget)!;
  const schedule = found(result, job.header);
  const contestant = judged.find((one) => one.kind === 'found' && one.schedule === result.best.schedule);
  return {
    ...schedule,
    notes: { ...schedule.notes, ...notesOf(job, space), ...(contestant && { judged: scoresOf(contestant.judged) }) },
  };
}

function scheduleName(budget: number): string {
  return `found-${budget}.json`;
}

/**
 * Every schedule that no other beats in all objectives and in computed steps, over all budgets; scores are those of the
 * search.
 */
function paretoSet({ objectives }: SearchJob, { budgets }: SearchOutcome): unknown {
  const ranking = budgets.flatMap(({ result }) => result.ranking);
  return frontOf(ranking, objectives.measures).map((assessment) => ({
    computed: assessment.pattern.split('#').length - 1,
    scores: scoresOf(assessment),
    schedule: assessment.schedule,
  }));
}
