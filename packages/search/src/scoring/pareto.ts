/**
 * The items that no other item beats: none is at least as good in every loss and better in one.
 *
 * Of items with equal losses the first stays. In the order in which they were given.
 */
export function paretoFront<Item>(
  items: readonly Item[],
  lossesOf: (item: Item) => readonly number[],
): readonly Item[] {
  const losses = items.map(lossesOf);
  return items.filter((_, i) => !losses.some((other, k) => k !== i && beats(other, losses[i]!, k < i)));
}

function beats(a: readonly number[], b: readonly number[], first: boolean): boolean {
  return a.every((loss, i) => loss <= b[i]!) && (first || a.some((loss, i) => loss < b[i]!));
}
