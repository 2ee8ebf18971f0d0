import { ProCacheError } from '@procache/core';

/** Makes the error that says what is wrong with one file. */
export type Refuse = (message: string, cause?: unknown) => ProCacheError;

/** The `Refuse` of one file: its messages start with the file's name. */
export function refusalOf(file: { readonly name: string }): Refuse {
  return (message, cause) =>
    new ProCacheError('invalid-model', `${file.name}: ${message}`, cause === undefined ? undefined : { cause });
}

/** As much of a value as a message can show and still be read. */
const longestShown = 80;

/** A value out of a file, for a message: short, and without trusting that it can be printed at all. */
export function shown(value: unknown): string {
  if (value === undefined) return 'none'; // a member that is not there
  let json: string;
  try {
    json = JSON.stringify(value);
  } catch {
    return 'nested too deeply'; // the only way in which parsed JSON cannot be printed
  }
  return json.length > longestShown ? `${json.slice(0, longestShown)}...` : json;
}
