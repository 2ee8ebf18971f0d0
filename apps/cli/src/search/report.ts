import { type Schedule, uncached } from '@procache/core';
import { writeWhole } from '@procache/files';
import { differenceOf, encodePng, type Picture, picturesOf } from '@procache/pictures';
import { nameOfCondition } from '@procache/pipeline';
import { campaignReport, type SampleImage, type SampleRow, type Samples, searchReport } from '@procache/report';
import {
  type CampaignOutcome,
  campaignMovement,
  type Contestant,
  shownContestants,
  type Study,
} from '@procache/search';
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
  job: SearchJob,
  outcome: CampaignOutcome,
  { study, workers, signal, commandLine }: ReportDesk,
): Promise<void> {
  const { campaign } = job;
  const movement = await campaignMovement(campaign, workers.model, { study, signal });
  const found = outcome.budgets.map(({ budget, result }) => ({ budget, schedule: result.best.schedule }));
  const samples = await drawSamples(job, shownContestants(campaign, found), workers, signal);
  await writeWhole(path, searchReport(campaignReport(campaign, outcome, { movement, samples, commandLine })));
}

/** Images that are shown, of as many classes as there are. */
const SHOWN = 8;
/** How much differences from the uncached images are amplified. */
const GAIN = 4;

/**
 * Images that the search has not seen, uncached and with each schedule, and below each row its amplified difference
 * from the uncached one; nothing where the model's latents cannot be decoded.
 */
async function drawSamples(
  { chosen, campaign }: SearchJob,
  contestants: readonly Contestant[],
  { render }: Workers,
  signal: AbortSignal,
): Promise<Samples | undefined> {
  const { seeds, steps, sampling } = campaign;
  const { valueRange, latent, takes } = chosen.model;
  const shown = (seeds.judge.length > 0 ? seeds.judge : seeds.search).slice(0, SHOWN);
  if (!valueRange) return undefined;
  const draw = async (schedule: Schedule): Promise<readonly Picture[]> => {
    const images = await render(schedule, shown, signal);
    return images.map((image) => picturesOf(image, [1, latent.channels, latent.height, latent.width], valueRange)[0]!);
  };
  const plain = await draw(uncached({ steps }));
  const rows: SampleRow[] = [{ name: 'uncached', images: plain.map(sampleImage) }];
  for (const { name, schedule } of contestants) {
    const pictures = await draw(schedule);
    const differences = pictures.map((picture, i) => differenceOf(picture, plain[i]!, GAIN));
    rows.push(
      { name, images: pictures.map(sampleImage) },
      { name: `its difference, ${GAIN} times`, isNote: true, images: differences.map(sampleImage) },
    );
  }
  return { names: shown.map((seed) => nameOfCondition(sampling.conditionOf(seed), takes)), rows };
}

function sampleImage(picture: Picture): SampleImage {
  return { png: encodePng(picture), width: picture.width, height: picture.height };
}
