/** All pictures of a run in one. */
export const GRID = 'grid.png';
/** The pictures of a comparison, with their differences. */
export const COMPARISON = 'compare.png';

/** Of a class name, so much as tells it from others. */
const MOST_LETTERS = 40;

/**
 * The name of an image's file. Names sort in the order of the labels, and never meet, as the number of the image is
 * in them.
 */
export function fileNameOf(
  { name, seed }: { readonly name: string; readonly seed: number | bigint | string | undefined },
  index: number,
): string {
  const words = name
    .slice(0, 4 * MOST_LETTERS)
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, '-')
    .replaceAll(/^-|-$/g, '')
    .slice(0, MOST_LETTERS);
  return `${String(index).padStart(2, '0')}-${words || 'image'}-${seed === undefined ? 'noise' : `seed${seed}`}.png`;
}
