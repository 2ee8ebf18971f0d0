import { MAX_STEPS } from '../limits.ts';
import { integerOf, numberOf } from '../untrusted/json-reader.ts';

/**
 * Refuses an option of a method that is not an integer of a range; `least` is 1 by default, `most` the longest
 * schedule.
 */
export function checkCount(option: string, value: number, least: number = 1, most: number = MAX_STEPS): void {
  integerOf({ value, place: option, code: 'invalid-input' }, least, most);
}

/** Refuses a share of tokens outside [0, 1]. */
export function checkShare(option: string, value: number): void {
  numberOf({ value, place: option, code: 'invalid-input' }, 0, 1);
}
