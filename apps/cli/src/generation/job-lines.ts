import { pixelsPerCell } from '@procache/pipeline';
import { counted, wrapText } from '@procache/text';
import { countOf, type Job } from './job.ts';
import type { WrittenFiles } from './output.ts';

/** What is generated: `fashion-dit: 10 images of 32x32, 50 steps of ddim, guidance 1.5`, and the schedule below it. */
export function jobLines(job: Job): string {
  const { chosen, companions, schedule } = job;
  const { steps, sampler, conditioning } = job.sampling;
  const { height, width } = companions.decoder?.image ?? chosen.model.latent;
  const images = `${counted(countOf(job), companions.decoder ? 'image' : 'latent')} of ${width}x${height}`;
  const drawn = chosen.size && companions.decoder ? `, scaled from ${drawnText(job)}` : '';
  const guided = conditioning.away === undefined ? '' : `, guidance ${conditioning.scale}`;
  const weights = chosen.weights === undefined ? '' : `\nweights: ${weightsText(chosen.weights)}`;
  const process = `${counted(steps.count, 'step')} of ${sampler}${guided}`;
  return `${chosen.name}: ${images}${drawn}, ${process}\nschedule: ${schedule.name}${weights}`;
}

/** The size at which a model draws what is scaled afterwards. */
function drawnText({ chosen: { model } }: Job): string {
  const scale = pixelsPerCell(model);
  return `${model.latent.width * scale}x${model.latent.height * scale}`;
}

/** Which weights of the file are taken, below one another where it takes several lines. */
function weightsText(weights: string): string {
  return wrapText(weights, 70).join(`\n${' '.repeat('weights: '.length)}`);
}

/** Which files there are now, those that are looked at first before the others. */
export function fileLines(
  { pictures, grid, compare, preview, latents, trajectory, removed = [] }: WrittenFiles,
  {
    folder,
    noDecoder = 'nothing makes pictures of them',
  }: { readonly folder: string; readonly noDecoder?: string | undefined },
): readonly string[] {
  const undecoded = wrapText(`The latents are saved, and no pictures: ${noDecoder}.`, 80).join('\n');
  const [first, ...more] = pictures;
  return [
    grid === undefined ? undecoded : undefined,
    ...[compare, grid, preview, latents, trajectory],
    first === undefined || more.length === 0 ? first : `${first} and ${more.length} more`,
    removed.length === 0 ? undefined : `${counted(removed.length, 'picture')} of an earlier run removed from ${folder}`,
  ].filter((line) => line !== undefined);
}
