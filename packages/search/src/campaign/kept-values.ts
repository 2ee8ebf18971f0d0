import { numberOf, objectOf, type Placed, refuse, shown } from '@procache/core/untrusted';
import { type Recording, recordingFromJson, recordingToJson } from '../recording/recording.ts';
import type { LetterTimes } from '../scoring/target.ts';
import type { Alphabet } from '../space/alphabet.ts';
import type { Kept } from '../study/kept.ts';

/** A time, in milliseconds. */
export function keptTime(name: string): Kept<number> {
  return { name, write: (milliseconds) => milliseconds, read: (placed) => numberOf(placed, 0, Infinity) };
}

/** What the steps of a generation take; each letter of the alphabet has its time. */
export function keptStepTimes({ reused, selective }: Alphabet): Kept<LetterTimes> {
  const letters = ['#', ...reused, ...selective];
  return {
    name: 'step times',
    write: ({ once = 0, letters: own }) => ({ once, letters: own }),
    read: (placed) => {
      const { once, letters: own } = objectOf(placed);
      const at = (value: unknown, name: string): Placed => ({
        value,
        place: `${placed.place}.${name}`,
        code: placed.code,
      });
      const times = objectOf(at(own, 'letters'));
      return {
        once: numberOf(at(once, 'once'), 0, Infinity),
        letters: Object.fromEntries(
          letters.map((letter) => [letter, numberOf(at(times[letter], `letters[${shown(letter)}]`), 0, Infinity)]),
        ),
      };
    },
  };
}

/** The uncached trajectories of some seeds, for a number of steps. */
export function keptRecording(seeds: readonly number[], steps: number): Kept<Recording> {
  return {
    name: `recording ${seeds.join(',')}`,
    write: recordingToJson,
    read: (placed) => {
      const recording = recordingFromJson(placed.value, placed);
      const { place, code } = placed;
      if (recording.steps !== steps)
        refuse(`${place}.steps`, `is ${recording.steps}, and the search has ${steps}; begin another study`, code);
      if (recording.products.length !== seeds.length) {
        refuse(
          `${place}.products`,
          `is of ${recording.products.length} images, and there should be ${seeds.length}; begin another study`,
          code,
        );
      }
      return recording;
    },
  };
}
