import { join } from 'node:path';
import { writeWhole } from '../files/output-files.ts';
import { drawGrid } from '../pictures/grid.ts';
import { type Picture, picturesOf } from '../pictures/image.ts';
import { encodePng } from '../pictures/png.ts';
import { cachedCaption, sideBySide, uncachedCaption } from '../pictures/side-by-side.ts';
import type { Comparison } from './comparison.ts';
import { imagesOf, type Job, type JobImage, parametersText, provenanceOf } from './job.ts';
import { COMPARISON, fileNameOf } from './picture-names.ts';

/** A row of pictures is read at a glance; more than these are not. */
const MOST_COLUMNS = 10;

/** The pictures of a job's latents; none where the model works on latents that nobody decodes yet. */
export function picturesOfJob({ chosen, sampling }: Job, latents: Float32Array): readonly Picture[] {
  const { latent, valueRange } = chosen.model;
  if (!valueRange) return [];
  return picturesOf(latents, [sampling.labels.length, latent.channels, latent.height, latent.width], valueRange);
}

/** Writes each picture by itself. Returns the paths. */
export async function writePictures(job: Job, pictures: readonly Picture[], folder: string): Promise<readonly string[]> {
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
  await writeWhole(path, encodePng(gridOf(images, pictures), textOf(job, images)));
}

/** Writes `compare.png`: the uncached pictures, the cached ones, and their difference. */
export async function writeComparison(job: Job, comparison: Comparison, folder: string): Promise<string> {
  const images = imagesOf(job).slice(0, MOST_COLUMNS);
  const { medians, cached, uncached, closeness } = comparison;
  const [seconds, uncachedSeconds] = [medians.cached / 1000, medians.uncached / 1000];
  const picture = sideBySide({
    title: `${job.chosen.name}, ${job.sampling.steps.count} steps`,
    columns: images.map(({ name }) => name),
    uncached: { caption: uncachedCaption(uncachedSeconds), pictures: picturesOfJob(job, uncached.latents).slice(0, MOST_COLUMNS) },
    cached: {
      caption: cachedCaption({ schedule: job.schedule.name, seconds, uncachedSeconds, psnr: closeness.pixels?.psnr ?? NaN }),
      pictures: picturesOfJob(job, cached.latents).slice(0, MOST_COLUMNS),
    },
    footer: footerOf(job, images.length),
  });
  const path = join(folder, COMPARISON);
  await writeWhole(path, encodePng(picture, textOf(job, imagesOf(job))));
  return path;
}

function footerOf({ sampling, schedule }: Job, shown: number): string {
  const images = sampling.labels.length;
  const first = shown < images ? `; the first ${shown} of ${images} are shown` : '';
  return `${schedule.schedule.pattern}\nWall clock of ${images} ${images === 1 ? 'image' : 'images'} made together, on this machine${first}.`;
}

function gridOf(images: readonly JobImage[], pictures: readonly Picture[]): Picture {
  if (pictures.length <= MOST_COLUMNS) return drawGrid({ rows: [{ pictures }], columns: images.map(({ name }) => name) });
  const columns = Math.min(MOST_COLUMNS, Math.ceil(Math.sqrt(pictures.length)));
  const rows = Array.from({ length: Math.ceil(pictures.length / columns) }, (_, row) => ({
    pictures: pictures.slice(row * columns, (row + 1) * columns),
  }));
  return drawGrid({ rows });
}

function textOf(job: Job, images: readonly JobImage[]): Record<string, string> {
  const provenance = provenanceOf(job, images);
  return { parameters: parametersText(provenance), procache: JSON.stringify(provenance) };
}
