import { membersOf } from './json-reader.ts';

/** The name of every field of an option object: one that is forgotten here does not compile. */
export type Fields<Options> = Readonly<Record<keyof Options & string, true>>;

/**
 * Refuses an option object with a field that nobody reads: a name that is mistyped, or another object's.
 *
 * Types do not see it where an object is spread into another one, comes out of a variable, or is written in JavaScript;
 * and the default that is taken instead draws another picture.
 *
 * @throws {ProCacheError} `invalid-input`: `fora: unknown key "intervall"; did you mean "interval"? (known here: ...)`
 */
export function checkOptions<Options extends object>(place: string, options: Options, fields: Fields<Options>): void {
  membersOf({ value: options, place, code: 'invalid-input' }, Object.keys(fields));
}
