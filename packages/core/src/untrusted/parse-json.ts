import { type ErrorCode, ProCacheError } from '../errors.ts';
import { lineAndColumn, readJson } from './json-syntax.ts';
import { shownName } from './printable.ts';

export interface ParseJsonOptions {
  /** What the text is, or the name of its file: messages begin with it. */
  readonly name: string;
  /** Of the error that a mistake throws. */
  readonly code: ErrorCode;
  /**
   * Whether `NaN`, `Infinity` and `-Infinity` may stand where a number does, as Python writes them: diffusers'
   * scheduler_config.json holds `-Infinity`. They are read as those numbers.
   */
  readonly pythonNumbers?: boolean;
  /** What to do about a mistake, for the message: `download it again, or mend it`. */
  readonly advice?: string;
}

/**
 * The value of a JSON text that nobody has checked: the one reader for all of them.
 *
 * A byte order mark is passed over. Besides mistakes in the grammar it refuses a key that an object has twice, since
 * one of the two would be lost in silence, and nesting deeper than 200.
 *
 * @throws {ProCacheError} of `code`, with the line and the column: `my.json, line 3, column 12: this is not JSON: ...`.
 */
export function parseJson(text: string, { name, code, pythonNumbers = false, advice }: ParseJsonOptions): unknown {
  const plain = text.startsWith('\ufeff') ? text.slice(1) : text; // editors on Windows put one there
  const reading = readJson(plain, { pythonNumbers });
  if (!reading.mistake) return reading.value;
  const [line, column] = lineAndColumn(plain, reading.mistake.at);
  const way = advice === undefined ? '' : `; ${advice}`;
  throw new ProCacheError(
    code,
    `${shownName(name)}, line ${line}, column ${column}: this is not JSON: ${reading.mistake.problem}${way}`,
  );
}
