import { type Condition, type Decoder, type Schedule, uncached } from '@procache/core';
import { differenceOf, encodePng, type Picture, picturesOf } from '@procache/pictures';
import { type Campaign, type CampaignOutcome, type Render, shownContestants, type Signal } from '@procache/search';
import type { SampleImage, SampleRow, Samples } from './samples.ts';

/** What draws samples. */
export interface CampaignSamplesOptions {
  readonly render: Render;
  /** What makes pixels of latents; without one there are no samples. */
  readonly decoder: Decoder | undefined;
  /** What people call a condition. */
  readonly nameOf: (condition: Condition) => string;
  readonly signal?: Signal | undefined;
}

/** Images that are shown, of as many conditions as there are. */
const SHOWN = 8;
/** How much differences from the uncached images are amplified. */
const GAIN = 4;

/**
 * Images that a campaign has not seen, uncached and with each schedule, and below each row its amplified difference
 * from the uncached one.
 */
export async function campaignSamples(
  campaign: Campaign,
  { budgets }: CampaignOutcome,
  { render, decoder, nameOf, signal }: CampaignSamplesOptions,
): Promise<Samples | undefined> {
  if (!decoder) return undefined;
  const { seeds, steps, sampling } = campaign;
  const { channels, height, width, valueRange } = decoder.image;
  const shown = (seeds.judge.length > 0 ? seeds.judge : seeds.search).slice(0, SHOWN);
  const draw = async (schedule: Schedule): Promise<readonly Picture[]> => {
    const pictures: Picture[] = [];
    for (const latent of await render(schedule, shown, signal))
      pictures.push(...picturesOf(await decoder.decode(latent), [1, channels, height, width], valueRange));
    return pictures;
  };
  const plain = await draw(uncached({ steps }));
  const rows: SampleRow[] = [{ name: 'uncached', images: plain.map(sampleImage) }];
  const found = budgets.map(({ budget, result }) => ({ budget, schedule: result.best.schedule }));
  for (const { name, schedule } of shownContestants(campaign, found)) {
    const pictures = await draw(schedule);
    const differences = pictures.map((picture, i) => differenceOf(picture, plain[i]!, GAIN));
    rows.push(
      { name, images: pictures.map(sampleImage) },
      { name: `its difference, ${GAIN} times`, isNote: true, images: differences.map(sampleImage) },
    );
  }
  return { names: shown.map((seed) => nameOf(sampling.conditionOf(seed))), rows };
}

function sampleImage(picture: Picture): SampleImage {
  return { png: encodePng(picture), width: picture.width, height: picture.height };
}
