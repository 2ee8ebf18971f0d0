import { shownName } from './printable.ts';

/** Names that a message lists. */
const SHOWN = 4;

/** Names for a message: the first few, and how many more there are. */
export function listedNames(names: readonly string[]): string {
  const shown = names.slice(0, SHOWN).map((name) => shownName(name));
  return `${shown.join(', ')}${names.length > SHOWN ? ` and ${names.length - SHOWN} more` : ''}`;
}
