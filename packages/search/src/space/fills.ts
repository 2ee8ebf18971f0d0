import { injectSelective } from '@procache/core';
import { checkedRank, listed, type Space } from './space.ts';

/**
 * The ways of writing a run of `gap` reused steps, letter by letter.
 *
 * What a space of patterns is multiplied with: `"#..."` alone says which steps are computed, its
 * fills say what the others do. A gap of no steps has one fill, the empty text.
 */
export type Fills = (gap: number) => Space;

/** Every reused step has the same letter. */
export function plain(letter = '.'): Fills {
  return eachGap(letter);
}

/** All steps of a gap have the same letter, any of these. */
export function eachGap(...letters: readonly string[]): Fills {
  return (gap) => listed(letters.map((letter) => letter.repeat(gap)));
}

/** Any step has any of these letters. */
export function eachStep(...letters: readonly string[]): Fills {
  return (gap) => words(letters, gap);
}

/** Eq. 7 of ProCache: every second step of a gap is selective, so that a gap of one step has none. */
export function selective(reused: string, letter: string): Fills {
  return (gap) => listed([injectSelective('.'.repeat(gap), letter).replaceAll('.', reused)]);
}

/**
 * A gap is filled in any of several ways; where two of them write the same, it counts once. Only for fills that can be
 * listed.
 */
export function eitherOf(...fills: readonly Fills[]): Fills {
  return (gap) => listed(fills.flatMap((own) => [...own(gap)]));
}

/** All texts of a length over some letters, as numbers in base `letters.length`. */
function words(letters: readonly string[], length: number): Space {
  const base = BigInt(letters.length);
  const size = base ** BigInt(length);
  const at = (rank: bigint): string => {
    let rest = checkedRank(rank, size);
    let word = '';
    for (let i = 0; i < length; i++, rest /= base) word = letters[Number(rest % base)]! + word;
    return word;
  };
  return {
    size,
    at,
    rankOf(word) {
      const digits = Array.from(word, (letter) => letters.indexOf(letter));
      if (digits.length !== length || digits.includes(-1)) return undefined;
      return digits.reduce((rank, digit) => rank * base + BigInt(digit), 0n);
    },
    *[Symbol.iterator]() {
      for (let rank = 0n; rank < size; rank++) yield at(rank);
    },
  };
}
