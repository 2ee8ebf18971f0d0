import { MAX_SEED, type Seed } from '@procache/core';
import { InvalidArgumentError } from 'commander';

/** Rounds of a measurement. */
export const MOST_ROUNDS = 1000;
/** Images of one batch: all their latents and features are in memory together. */
export const MOST_IMAGES = 16_384;
/** Attention heads: more than any model is wide. */
export const MOST_HEADS = 65_536;

/** Reads a whole number from `least` to `most`, both included, for an option. */
export function wholeNumber(least: number, most: number = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = /^\s*[+-]?\d+\s*$/.test(text) ? Number(text) : NaN;
    if (value >= least && value <= most) return value;
    throw new InvalidArgumentError(
      `It is a whole number, ${least} or more${most === Number.MAX_SAFE_INTEGER ? '' : `, at most ${most}`}.`,
    );
  };
}

/** Reads a seed exactly, however large: a number where that holds it, else a bigint. */
export function seedValue(text: string): Seed {
  const exact = /^\s*\+?\d{1,40}\s*$/.test(text) ? BigInt(text.replace('+', '')) : -1n;
  if (exact < 0n || exact > MAX_SEED) throw new InvalidArgumentError(`It is a whole number from 0 to ${MAX_SEED}.`);
  return exact <= Number.MAX_SAFE_INTEGER ? Number(exact) : exact;
}

/** Reads a number from `low` to `high`, both included, for an option. */
export function numberWithin(low: number, high: number = Infinity): (text: string) => number {
  return (text) => {
    const value = text.trim() === '' ? NaN : Number(text);
    if (Number.isFinite(value) && value >= low && value <= high) return value;
    throw new InvalidArgumentError(
      `It is a number ${high === Infinity ? `of at least ${low}` : `from ${low} to ${high}`}.`,
    );
  };
}

/** Reads whole numbers from `least` to `most` that commas separate, each once. */
export function wholeNumbers(least: number, most?: number): (text: string) => readonly number[] {
  const one = wholeNumber(least, most);
  return (text) => [...new Set(text.split(',').map((part) => one(part)))];
}

/** Reads a range of whole numbers, such as 1-4; one number is a range of its own. */
export function wholeRange(least: number, most?: number): (text: string) => readonly [low: number, high: number] {
  const one = wholeNumber(least, most);
  return (text) => {
    const parts = text.split('-').map((part) => one(part));
    const [low, high = low] = parts;
    if (low !== undefined && high !== undefined && parts.length <= 2 && low <= high) return [low, high];
    throw new InvalidArgumentError('It is two whole numbers, the smaller one first, such as 1-4.');
  };
}

/** Reads words that commas separate, each one of `known` and only once. */
export function words<Word extends string>(known: readonly Word[]): (text: string) => readonly Word[] {
  return (text) => {
    const parts = text.split(',').map((part) => part.trim());
    return [...new Set(parts)].map((part) => {
      const found = known.find((word) => word === part);
      if (found !== undefined) return found;
      throw new InvalidArgumentError(`There is no '${part}' here, only ${known.join(', ')}.`);
    });
  };
}
