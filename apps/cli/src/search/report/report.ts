import { writeWhole } from '@procache/files';
import { searchReport } from '@procache/report';
import type { Study } from '@procache/search';
import { type Contestant, contestantsOf } from '../contestants.ts';
import type { SearchJob } from '../job.ts';
import type { SearchOutcome } from '../run-search.ts';
import type { Workers } from '../workers.ts';
import { measuredMovement } from './measured-movement.ts';
import { reportData } from './report-data.ts';
import { drawSamples } from './samples.ts';

export interface ReportDesk {
  readonly study: Study;
  readonly workers: Workers;
  readonly signal: AbortSignal;
  readonly commandLine: string;
}

/**
 * Measures what only the report shows, and writes it: one HTML file that needs no other and no network.
 *
 * Nothing that a search finds depends on it. Where it fails, all else is written already, and there is no new file.
 */
export async function writeReport(
  path: string,
  job: SearchJob,
  outcome: SearchOutcome,
  { study, workers, signal, commandLine }: ReportDesk,
): Promise<void> {
  const movement = await measuredMovement(job, { study, workers, signal });
  const samples = await drawSamples(job, shownContestants(job, outcome), workers, signal);
  await writeWhole(path, searchReport(reportData(job, outcome, { movement, samples, commandLine })));
}

/** What was found, and the published schedule, or in its place the first of the other methods. */
function shownContestants(job: SearchJob, { budgets }: SearchOutcome): readonly Contestant[] {
  const all = contestantsOf(
    job,
    budgets.map(({ budget, result }) => ({ budget, schedule: result.best.schedule })),
  );
  const published = all.find(({ kind }) => kind === 'method');
  return [...(published ? [published] : []), ...all.filter(({ kind }) => kind === 'found')];
}
