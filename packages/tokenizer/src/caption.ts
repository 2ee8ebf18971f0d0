/** What Python's `strip` takes from the ends besides what ECMAScript's `trim` does. */
const MORE_SPACES: readonly string[] = ['\x1c', '\x1d', '\x1e', '\x1f', '\x85'];
/** What ECMAScript's `trim` takes, and Python's `strip` leaves. */
const BYTE_ORDER_MARK = '\ufeff';

/**
 * A text as PixArt was trained to read it: in lower case, without space at the ends.
 *
 * It is what diffusers' `clean_caption` comes down to where neither beautifulsoup4 nor ftfy is installed, with Python's
 * notion of a space: U+001C to U+001F and U+0085 are some, U+FEFF is none.
 */
export function cleanCaption(text: string): string {
  const lower = text.toLowerCase();
  let [first, end] = [0, lower.length];
  while (first < end && isSpace(lower[first]!)) first++;
  while (end > first && isSpace(lower[end - 1]!)) end--;
  return lower.slice(first, end);
}

function isSpace(character: string): boolean {
  return MORE_SPACES.includes(character) || (character.trim() === '' && character !== BYTE_ORDER_MARK);
}
