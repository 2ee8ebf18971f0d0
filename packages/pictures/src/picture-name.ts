/** Of a class name, so much as tells it from others. */
const MOST_LETTERS = 40;

/**
 * The name of the file of an image, such as `03-ankle-boot-seed7.png`. Those of a run sort in the order of its images,
 * and never meet, as the number of the image is in them.
 */
export function pictureName(
  { name, seed }: { readonly name: string; readonly seed?: number | bigint | string | undefined },
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
