import { wrapText } from '@procache/text';
import { countOf, type Job } from './job.ts';
import type { WrittenFiles } from './output.ts';

/** What is generated: `fashion-dit: 10 images of 32x32, 50 steps of ddim, guidance 1.5`, and the schedule below it. */
export function jobLines(job: Job): string {
  const { chosen, companions, schedule } = job;
  const { steps, sampler, conditioning } = job.sampling;
  const { height, width } = companions.decoder?.image ?? chosen.model.latent;
  const images = `${counted(countOf(job), 'image')} of ${width}x${height}`;
  const guided = conditioning.away === undefined ? '' : `, guidance ${conditioning.scale}`;
  const weights = chosen.weights === undefined ? '' : `\nweights: ${weightsText(chosen.weights)}`;
  return `${chosen.name}: ${images}, ${steps.count} steps of ${sampler}${guided}\nschedule: ${schedule.name}${weights}`;
}

/** Which weights of the file are taken, below one another where it takes several lines. */
function weightsText(weights: string): string {
  return wrapText(weights, 70).join(`\n${' '.repeat('weights: '.length)}`);
}

/** Which files there are now, those that are looked at first before the others. */
export function fileLines(
  { pictures, grid, compare, preview, latents, trajectory, removed = [] }: WrittenFiles,
  folder: string,
): readonly string[] {
  const undecoded = 'There is no decoder that makes pictures of the latents, so they are saved; --vae names one.';
  const [first, ...more] = pictures;
  return [
    grid === undefined ? undecoded : undefined,
    ...[compare, grid, preview, latents, trajectory],
    first === undefined || more.length === 0 ? first : `${first} and ${more.length} more`,
    removed.length === 0 ? undefined : `${counted(removed.length, 'picture')} of an earlier run removed from ${folder}`,
  ].filter((line) => line !== undefined);
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
