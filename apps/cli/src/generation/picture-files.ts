import { join } from 'node:path';
import { writeWhole } from '@procache/files';
import {
  cachedCaption,
  captionOf,
  encodePng,
  overview,
  type Picture,
  picturesOf,
  sideBySide,
  uncachedCaption,
} from '@procache/pictures';
import type { Comparison } from './comparison.ts';
import { imagesOf, type Job, type JobImage, parametersText, provenanceOf } from './job.ts';
import { COMPARISON, fileNameOf } from './picture-names.ts';

/** A row of pictures is read at a glance; more than these are not. */
const MOST_COLUMNS = 10;

/** The pictures of a job's latents; none where the model works on latents that nobody decodes yet. */
export function picturesOfJob({ chosen, sampling }: Job, latents: Float32Array): readonly Picture[] {
  const { latent, valueRange } = chosen.model;
  if (!valueRange) return [];
  return picturesOf(latents, [sampling.conditions.length, latent.channels, latent.height, latent.width], valueRange);
}

/** Writes each picture by itself. Returns the paths. */
export async function writePictures(
  job: Job,
  pictures: readonly Picture[],
  folder: string,
): Promise<readonly string[]> {
  const images = imagesOf(job);
  const paths: string[] = [];
  for (const [i, picture] of pictures.entries()) {
    const path = join(folder, fileNameOf(images[i]!, i));
    await writeWhole(path, encodePng(picture, textOf(job, [images[i]!])));
    paths.push(path);
  }
  return paths;
}

/** Writes all pictures as one, which says with that which pictures there are: see `earlierPictures`. */
export async function writeGrid(job: Job, pictures: readonly Picture[], path: string): Promise<void> {
  const images = imagesOf(job);
  await writeWhole(path, encodePng(overview(pictures, captionsOf(images)), textOf(job, images)));
}

/** Writes `compare.png`: the uncached pictures, the cached ones, and their difference. */
export async function writeComparison(job: Job, comparison: Comparison, folder: string): Promise<string> {
  const images = imagesOf(job).slice(0, MOST_COLUMNS);
  const { medians, cached, uncached, closeness } = comparison;
  const [seconds, uncachedSeconds] = [medians.cached / 1000, medians.uncached / 1000];
  const picture = sideBySide({
    title: `${job.chosen.name}, ${job.sampling.steps.count} steps`,
    columns: captionsOf(images),
    uncached: {
      caption: uncachedCaption(uncachedSeconds),
      pictures: picturesOfJob(job, uncached.latents).slice(0, MOST_COLUMNS),
    },
    cached: {
      caption: cachedCaption({
        schedule: job.schedule.name,
        seconds,
        uncachedSeconds,
        psnr: closeness.pixels?.psnr ?? NaN,
      }),
      pictures: picturesOfJob(job, cached.latents).slice(0, MOST_COLUMNS),
    },
    footer: footerOf(job, images.length),
  });
  const path = join(folder, COMPARISON);
  await writeWhole(path, encodePng(picture, textOf(job, imagesOf(job))));
  return path;
}

function footerOf({ sampling, schedule }: Job, shown: number): string {
  const images = sampling.conditions.length;
  const first = shown < images ? `; the first ${shown} of ${images} are shown` : '';
  return (
    `${schedule.schedule.pattern}\nWall clock of ${images} ${images === 1 ? 'image' : 'images'} made together, on ` +
    `this machine${first}.`
  );
}

/** The name of each image's class, or its number where the lettering can tell nothing of the name. */
function captionsOf(images: readonly JobImage[]): readonly string[] {
  return images.map(({ name, label }) => captionOf(name, label));
}

function textOf(job: Job, images: readonly JobImage[]): Record<string, string> {
  const provenance = provenanceOf(job, images);
  return { parameters: parametersText(provenance), procache: JSON.stringify(provenance) };
}
