import { type Schedule, uncached } from '@procache/core';
import { differenceOf, encodePng, type Picture, picturesOf } from '@procache/pictures';
import type { SampleImage, SampleRow, Samples } from '@procache/report';
import { nameOfLabel } from '../../arguments/labels.ts';
import type { Contestant } from '../contestants.ts';
import type { SearchJob } from '../job.ts';
import type { Workers } from '../workers.ts';

/** Images that are shown, of as many classes as there are. */
const SHOWN = 8;
/** How much differences from the uncached images are amplified. */
const GAIN = 4;

/**
 * Images that the search has not seen, uncached and with each schedule, and below each row its amplified difference
 * from the uncached one; nothing where the model's latents cannot be decoded.
 */
export async function drawSamples(
  job: SearchJob,
  contestants: readonly Contestant[],
  { render }: Workers,
  signal: AbortSignal,
): Promise<Samples | undefined> {
  const { chosen, seeds, steps, conditionOf } = job;
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
  return { names: shown.map((seed) => nameOfLabel(conditionOf(seed), takes)), rows };
}

function sampleImage(picture: Picture): SampleImage {
  return { png: encodePng(picture), width: picture.width, height: picture.height };
}
