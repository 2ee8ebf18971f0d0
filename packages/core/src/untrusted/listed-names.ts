import { shownName } from './printable.ts';

/** As many names as a message can list and still be read. */
const MOST_LISTED = 4;

export interface ListedNamesOptions {
  /** As many are listed; 4 unless given. */
  readonly most?: number;
  /** How one is written; as `shownName` does unless given. */
  readonly write?: (name: string) => string;
}

/** Names for a message: the first few, and how many more there are. */
export function listedNames(
  names: readonly string[],
  { most = MOST_LISTED, write = (name) => shownName(name) }: ListedNamesOptions = {},
): string {
  const shown = names.slice(0, most).map(write);
  return `${shown.join(', ')}${names.length > most ? ` and ${names.length - most} more` : ''}`;
}
