import { counted } from '@procache/text';
import { captionOf } from './ascii.ts';
import type { Picture } from './image.ts';
import { overview } from './overview.ts';
import { pictureName } from './picture-name.ts';
import { encodePng } from './png.ts';
import { type Provenance, provenanceText, type ToldImage, toldImages } from './provenance.ts';
import { cachedCaption, sideBySide, uncachedCaption } from './side-by-side.ts';

/** All pictures of a run in one, which says with that which pictures there are. */
export const GRID = 'grid.png';
/** The pictures of two runs, with their difference. */
export const COMPARISON = 'compare.png';
/** The pictures of a run that is under way. */
export const PREVIEW = 'preview.png';
/** A row of pictures is read at a glance; more than these are not. */
const MOST_COLUMNS = 10;

/** What there is to show of a run. */
export interface RunPictures {
  /** One for each image of the provenance. */
  readonly pictures: readonly Picture[];
  readonly provenance: Provenance;
  /** The same images without caching, where they were made too. */
  readonly beside?: BesideRun | undefined;
}

/** A run without caching, and the medians of both on the clock on the wall. */
export interface BesideRun {
  readonly pictures: readonly Picture[];
  readonly uncachedSeconds: number;
  readonly seconds: number;
  /** In decibels, of the cached images against these. */
  readonly psnr: number;
}

/** A file of a run: what it is called, and its bytes. */
export interface PictureFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/**
 * The PNG files of a run: each picture, where there are two runs their comparison, and last the grid. Each says how it
 * was made.
 */
export function* runFiles(run: RunPictures): Generator<PictureFile> {
  const { pictures, provenance, beside } = run;
  if (pictures.length !== provenance.images.length)
    throw new RangeError(`${pictures.length} pictures of ${provenance.images.length} images; pass one for each`);
  for (const [i, image] of provenance.images.entries()) {
    const text = provenanceText({ ...provenance, images: [image] });
    yield { name: pictureName(image, i), bytes: encodePng(pictures[i]!, text) };
  }
  const text = provenanceText(provenance);
  if (beside) yield { name: COMPARISON, bytes: encodePng(comparisonOf(run, beside), text) };
  yield { name: GRID, bytes: encodePng(overview(pictures, captionsOf(provenance)), text) };
}

/**
 * The clean images that a run sees after some steps, as one file: each takes the place of the one before, so that a
 * viewer shows how far it is.
 */
export function previewFile(pictures: readonly Picture[], provenance: Provenance, taken: number): PictureFile {
  const text = provenanceText({ ...provenance, taken });
  return { name: PREVIEW, bytes: encodePng(overview(pictures, captionsOf(provenance)), text) };
}

/**
 * The files that an earlier run left beside the one that is about to be written, by name.
 *
 * Its grid says how each of its pictures was made, and with that what each is called; whatever else is there is
 * somebody else's. A picture counts only if it says the same itself. `read` gives the bytes of a file of that name, and
 * nothing for one that cannot be read.
 */
export async function earlierFiles(
  read: (name: string) => Promise<Uint8Array | undefined>,
): Promise<readonly string[]> {
  const imagesIn = async (name: string): Promise<readonly ToldImage[] | undefined> => {
    const bytes = await read(name);
    return bytes && toldImages(bytes);
  };
  const found: string[] = (await imagesIn(PREVIEW)) ? [PREVIEW] : []; // of a run that was stopped there is no more
  const images = await imagesIn(GRID);
  if (!images) return found;
  found.push(GRID);
  if (await imagesIn(COMPARISON)) found.push(COMPARISON);
  for (const [i, image] of images.entries()) {
    const name = pictureName(image, i);
    const own = await imagesIn(name);
    if (own?.length === 1 && isSame(own[0]!, image)) found.push(name);
  }
  return found;
}

function isSame(a: ToldImage, b: ToldImage): boolean {
  return a.name === b.name && a.seed === b.seed && a.condition === b.condition;
}

/** The uncached pictures, the cached ones below them, and their difference. */
function comparisonOf({ pictures, provenance }: RunPictures, beside: BesideRun): Picture {
  const { model, steps, schedule } = provenance;
  return sideBySide({
    title: `${model.name}, ${counted(steps, 'step')}`,
    columns: captionsOf(provenance).slice(0, MOST_COLUMNS),
    uncached: {
      caption: uncachedCaption(beside.uncachedSeconds),
      pictures: beside.pictures.slice(0, MOST_COLUMNS),
    },
    cached: {
      caption: cachedCaption({ ...beside, schedule: schedule.name }),
      pictures: pictures.slice(0, MOST_COLUMNS),
    },
    footer: footerOf(provenance),
  });
}

function footerOf({ schedule, images: { length } }: Provenance): string {
  const first = length > MOST_COLUMNS ? `; the first ${MOST_COLUMNS} of ${length} are shown` : '';
  const together = `${length} ${length === 1 ? 'image' : 'images'} made together`;
  return `${schedule.pattern}\nWall clock of ${together}, on this machine${first}.`;
}

/** What each image is called, or the number of its class where the lettering can tell nothing of the name. */
function captionsOf({ images }: Provenance): readonly string[] {
  return images.map(({ name, condition }) => captionOf(name, condition));
}
