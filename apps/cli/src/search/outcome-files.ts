import { join } from 'node:path';
import { formatSchedule } from '@procache/core';
import { writeWhole } from '@procache/files';
import {
  type Assessment,
  bestSoFar,
  type Campaign,
  type CampaignOutcome,
  foundSchedule,
  paretoSet,
} from '@procache/search';

/** The files that a search leaves behind, besides its study. */
export interface OutcomeFiles {
  /** By budget. */
  readonly schedules: ReadonlyMap<number, string>;
  readonly pareto: string;
}

/** Writes the best schedule of every budget, and the set of those that nothing beats. */
export async function writeOutcome(
  campaign: Campaign,
  outcome: CampaignOutcome,
  folder: string,
): Promise<OutcomeFiles> {
  const schedules = new Map<number, string>();
  for (const { budget } of outcome.budgets) {
    const path = join(folder, scheduleName(budget));
    await writeWhole(path, formatSchedule(foundSchedule(campaign, outcome, budget)));
    schedules.set(budget, path);
  }
  const pareto = join(folder, 'pareto.json');
  await writeWhole(pareto, `${JSON.stringify(paretoSet(campaign, outcome), undefined, 1)}\n`);
  return { schedules, pareto };
}

/** Writes the best that a search had come by when it was stopped. */
export async function writeBestSoFar(
  campaign: Campaign,
  best: ReadonlyMap<number, Assessment>,
  folder: string,
): Promise<readonly string[]> {
  const paths: string[] = [];
  for (const [budget, assessment] of best) {
    const path = join(folder, scheduleName(budget));
    await writeWhole(path, formatSchedule(bestSoFar(campaign, budget, assessment)));
    paths.push(path);
  }
  return paths;
}

function scheduleName(budget: number): string {
  return `found-${budget}.json`;
}
