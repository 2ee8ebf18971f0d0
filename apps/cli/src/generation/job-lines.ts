import { wrapText } from '@procache/text';
import type { Job } from './job.ts';
import type { WrittenFiles } from './output.ts';

/** What is generated: `fashion-dit: 10 images of 32x32, 50 steps of ddim, guidance 1.5`, and the schedule below it. */
export function jobLines({ chosen, sampling, schedule }: Job): string {
  const { conditions, steps, sampler, guidance } = sampling;
  const { height, width } = chosen.model.latent;
  const images = `${counted(conditions.length, 'image')} of ${height}x${width}`;
  const guided = guidance ? `, guidance ${guidance.scale}` : '';
  const weights = chosen.weights === undefined ? '' : `\nweights: ${weightsText(chosen.weights)}`;
  return `${chosen.name}: ${images}, ${steps.count} steps of ${sampler}${guided}\nschedule: ${schedule.name}${weights}`;
}

/** Which weights of the file are taken, below one another where it takes several lines. */
function weightsText(weights: string): string {
  return wrapText(weights, 70).join(`\n${' '.repeat('weights: '.length)}`);
}

/** Which files there are now, those that are looked at first before the others. */
export function fileLines(
  { pictures, grid, compare, latents, trajectory, removed = [] }: WrittenFiles,
  folder: string,
): readonly string[] {
  const undecoded = "This model's latents cannot be decoded to pictures yet, so they are saved as they are.";
  const [first, ...more] = pictures;
  return [
    grid === undefined ? undecoded : undefined,
    ...[compare, grid, latents, trajectory],
    first === undefined || more.length === 0 ? first : `${first} and ${more.length} more`,
    removed.length === 0 ? undefined : `${counted(removed.length, 'picture')} of an earlier run removed from ${folder}`,
  ].filter((line) => line !== undefined);
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
