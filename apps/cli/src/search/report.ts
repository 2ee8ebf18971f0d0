import { writeWhole } from '@procache/files';
import { nameOfCondition, pixelDecoder } from '@procache/pipeline';
import { campaignReport, campaignSamples, searchReport } from '@procache/report';
import { campaignMovement, type CampaignOutcome, type Study } from '@procache/search';
import type { SearchJob } from './job.ts';
import type { Workers } from './workers.ts';

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
  { campaign, chosen: { model } }: SearchJob,
  outcome: CampaignOutcome,
  { study, workers, signal, commandLine }: ReportDesk,
): Promise<void> {
  const movement = await campaignMovement(campaign, workers.model, { study, signal });
  const samples = await campaignSamples(campaign, outcome, {
    render: workers.render,
    decoder: pixelDecoder(model),
    nameOf: (condition) => nameOfCondition(condition, model.takes),
    signal,
  });
  await writeWhole(path, searchReport(campaignReport(campaign, outcome, { movement, samples, commandLine })));
}
