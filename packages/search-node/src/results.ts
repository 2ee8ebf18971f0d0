import { join } from 'node:path';
import { formatSchedule, type Schedule } from '@procache/core';
import { writeWhole } from '@procache/files';
import { type Campaign, type CampaignOutcome, foundSchedule, paretoSet, scheduleFileName } from '@procache/search';

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
  const found = outcome.budgets.map(({ budget }) => [budget, foundSchedule(campaign, outcome, budget)] as const);
  const schedules = await writeSchedules(new Map(found), folder);
  const pareto = join(folder, 'pareto.json');
  await writeWhole(pareto, `${JSON.stringify(paretoSet(campaign, outcome), undefined, 1)}\n`);
  return { schedules, pareto };
}

/** Writes a schedule for each budget; returns where. */
export async function writeSchedules(
  schedules: ReadonlyMap<number, Schedule>,
  folder: string,
): Promise<ReadonlyMap<number, string>> {
  const paths = new Map<number, string>();
  for (const [budget, schedule] of schedules) {
    const path = join(folder, scheduleFileName(budget));
    await writeWhole(path, formatSchedule(schedule));
    paths.set(budget, path);
  }
  return paths;
}
