import { ProCacheError } from '../errors.ts';
import { MAX_STEPS } from '../limits.ts';

/** Refuses an option of a method that is not an integer of a range; `least` is 1 by default, `most` the longest schedule. */
export function checkCount(option: string, value: number, least: number = 1, most: number = MAX_STEPS): void {
  if (!Number.isSafeInteger(value) || value < least || value > most) {
    throw new ProCacheError('invalid-input', `${option}: ${value} is not an integer between ${least} and ${most}`);
  }
}

/** Refuses a share of tokens outside [0, 1]. */
export function checkShare(option: string, value: number): void {
  if (!(value >= 0 && value <= 1)) throw new ProCacheError('invalid-input', `${option}: ${value} is not between 0 and 1`);
}
