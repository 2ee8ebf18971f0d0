import { InvalidArgumentError } from 'commander';

/** Reads a whole number of at least `least`, for an option. */
export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const value = /^\s*[+-]?\d+\s*$/.test(text) ? Number(text) : NaN;
    if (value >= least && Number.isSafeInteger(value)) return value;
    throw new InvalidArgumentError(`It is a whole number, ${least} or more.`);
  };
}

/** Reads a number from `low` to `high`, both included, for an option. */
export function numberWithin(low: number, high: number = Infinity): (text: string) => number {
  return (text) => {
    const value = text.trim() === '' ? NaN : Number(text);
    if (Number.isFinite(value) && value >= low && value <= high) return value;
    throw new InvalidArgumentError(`It is a number ${high === Infinity ? `of at least ${low}` : `from ${low} to ${high}`}.`);
  };
}
