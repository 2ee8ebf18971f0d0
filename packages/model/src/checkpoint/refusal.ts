import { ProCacheError } from '@procache/core';
import { shownName } from '@procache/core/untrusted';

/** Makes the error that says what is wrong with one file. */
export type Refuse = (message: string, cause?: unknown) => ProCacheError;

/** The `Refuse` of one file: its messages start with the file's name. */
export function refusalOf(file: { readonly name: string }): Refuse {
  return (message, cause) =>
    new ProCacheError('invalid-model', `${file.name}: ${message}`, cause === undefined ? undefined : { cause });
}

/** The `Refuse` of one tensor of a file. */
export function refusalOfTensor(file: { readonly name: string }, tensor: string): Refuse {
  return (message, cause) => refusalOf(file)(`tensor '${shownName(tensor)}': ${message}`, cause);
}

/** A name out of a file, for a message: short, in quotes. */
export function quoted(name: string): string {
  return `'${shownName(name)}'`;
}
