import { type Schedule, uncached } from '@procache/core';
import { nameOfLabel } from '../../arguments/labels.ts';
import { differenceOf, type Picture, picturesOf } from '../../pictures/image.ts';
import { encodePng } from '../../pictures/png.ts';
import type { Contestant } from '../contestants.ts';
import type { SearchJob } from '../job.ts';
import type { Workers } from '../workers.ts';
import { element, type Markup, single, text } from './markup.ts';

/** Images that are shown, of as many classes as there are. */
const SHOWN = 8;
/** How much differences from the uncached images are amplified. */
const GAIN = 4;

/** The same images by different schedules. */
export interface Samples {
  /** Of each column: what is drawn. */
  readonly names: readonly string[];
  readonly rows: readonly { readonly name: string; readonly pictures: readonly Picture[] }[];
}

/** Draws images that the search has not seen, uncached and with each schedule; nothing where the model's latents cannot be decoded. */
export async function drawSamples(job: SearchJob, contestants: readonly Contestant[], { render }: Workers, signal: AbortSignal): Promise<Samples | undefined> {
  const { chosen, seeds, steps, labelOf } = job;
  const { valueRange, latent, labels } = chosen.model;
  const shown = (seeds.judge.length > 0 ? seeds.judge : seeds.search).slice(0, SHOWN);
  if (!valueRange) return undefined;
  const draw = async (name: string, schedule: Schedule) => {
    const images = await render(schedule, shown, signal);
    return { name, pictures: images.map((image) => picturesOf(image, [1, latent.channels, latent.height, latent.width], valueRange)[0]!) };
  };
  const rows = [await draw('uncached', uncached({ steps }))];
  for (const { name, schedule } of contestants) rows.push(await draw(name, schedule));
  return { names: shown.map((seed) => nameOfLabel(labelOf(seed), labels)), rows };
}

/** The pictures side by side, and below each its amplified difference from the uncached one. */
export function sampleTable({ names, rows }: Samples): Markup {
  const [reference] = rows;
  const body = rows.flatMap(({ name, pictures }, i) => {
    const own = element('tr', {}, element('td', { class: 'row' }, text(name)), pictures.map((picture, k) => cell(picture, `${names[k]!}, ${name}`)));
    if (i === 0) return [own];
    const differences = pictures.map((picture, k) => cell(differenceOf(picture, reference!.pictures[k]!, GAIN), `difference of ${name} from uncached`));
    return [own, element('tr', { class: 'difference' }, element('td', { class: 'row muted small' }, text(`its difference, ${GAIN} times`)), differences)];
  });
  const heading = element('tr', {}, element('th'), names.map((name) => element('th', {}, text(name))));
  return element('table', { class: 'samples' }, heading, body);
}

function cell(picture: Picture, alt: string): Markup {
  const source = `data:image/png;base64,${Buffer.from(encodePng(picture)).toString('base64')}`;
  return element('td', {}, single('img', { src: source, alt, width: picture.width, height: picture.height }));
}
