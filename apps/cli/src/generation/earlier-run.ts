import { lstat, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseJson } from '@procache/core/untrusted';
import { readRegularFile } from '@procache/files';
import { readPngText } from '@procache/pictures';
import { COMPARISON, fileNameOf, GRID } from './picture-names.ts';

/** Bytes of the largest picture that is looked into. */
const MOST_BYTES = 256 * 2 ** 20;

/**
 * The pictures that an earlier run left in a folder, as paths.
 *
 * Its grid says how each of its pictures was made, and with that what each is called; whatever else lies in the
 * folder is somebody
 * else's. A picture counts only if it is a regular file and itself says the same of how it was made.
 */
export async function earlierPictures(folder: string): Promise<readonly string[]> {
  const images = await imagesOf(join(folder, GRID));
  if (!images) return [];
  const found: string[] = [join(folder, GRID)];
  if (await imagesOf(join(folder, COMPARISON))) found.push(join(folder, COMPARISON));
  for (const [i, image] of images.entries()) {
    const path = join(folder, fileNameOf(image, i));
    const own = await imagesOf(path);
    if (own?.length === 1 && isSame(own[0]!, image)) found.push(path);
  }
  return found;
}

/** Removes those of an earlier run's pictures that this run has not written over; returns what was removed. */
export async function removeEarlier(
  pictures: readonly string[],
  written: ReadonlySet<string>,
): Promise<readonly string[]> {
  const left = pictures.filter((path) => !written.has(path));
  for (const path of left) await rm(path, { force: true });
  return left;
}

/** An image as its picture tells of it. */
interface ToldImage {
  readonly name: string;
  readonly seed: string | number | undefined;
  readonly label: unknown;
}

/** The images that a picture of this program holds; undefined of any other file, whatever is wrong with it. */
async function imagesOf(path: string): Promise<readonly ToldImage[] | undefined> {
  try {
    if (!(await lstat(path)).isFile()) return undefined;
    const { procache } = readPngText(await readRegularFile(path, { most: MOST_BYTES }));
    const told: unknown =
      procache === undefined ? undefined : parseJson(procache, { name: path, code: 'invalid-input' });
    return toldImages(told);
  } catch {
    return undefined; // no picture, or none that can be read: not one of ours to remove
  }
}

function toldImages(told: unknown): readonly ToldImage[] | undefined {
  const { images } = (told ?? {}) as { readonly images?: unknown };
  if (!Array.isArray(images)) return undefined;
  return images.flatMap((image: unknown): ToldImage[] => {
    const { name, seed, label } = (image ?? {}) as Readonly<Record<string, unknown>>;
    // it becomes part of a path
    const isSeed = typeof seed === 'number' || (typeof seed === 'string' && /^\d+$/.test(seed));
    return typeof name === 'string' ? [{ name, label, seed: isSeed ? seed : undefined }] : [];
  });
}

function isSame(a: ToldImage, b: ToldImage): boolean {
  return a.name === b.name && a.seed === b.seed && a.label === b.label;
}
