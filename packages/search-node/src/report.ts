import { writeWhole } from '@procache/files';
import type { Decoder } from '@procache/core';
import { type KnownModel, nameOfCondition } from '@procache/pipeline';
import { campaignReport, campaignSamples, searchReport } from '@procache/report';
import { type Campaign, campaignMovement, type CampaignOutcome, type Study } from '@procache/search';
import type { SearchWorkers } from './workers.ts';

/** What a report is made with. */
export interface ReportDesk {
  readonly model: KnownModel['model'];
  /** What makes pictures of latents; without one the report shows none. */
  readonly decoder: Decoder | undefined;
  readonly study: Study;
  readonly workers: SearchWorkers;
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
  campaign: Campaign,
  outcome: CampaignOutcome,
  { model, decoder, study, workers, signal, commandLine }: ReportDesk,
): Promise<void> {
  const movement = await campaignMovement(campaign, workers.model, { study, signal });
  const samples = await campaignSamples(campaign, outcome, {
    render: workers.render,
    decoder,
    nameOf: (condition) => nameOfCondition(condition, model.takes),
    signal,
  });
  await writeWhole(path, searchReport(campaignReport(campaign, outcome, { movement, samples, commandLine })));
}
