import { type ErrorCode, ProCacheError } from '../errors.ts';
import { lineAndColumn, readSyntax } from './json-syntax.ts';
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
  const { mistake, pythonLiterals } = readSyntax(plain, { pythonNumbers });
  if (mistake) {
    const [line, column] = lineAndColumn(plain, mistake.at);
    const way = advice === undefined ? '' : `; ${advice}`;
    throw new ProCacheError(code, `${shownName(name)}, line ${line}, column ${column}: this is not JSON: ${mistake.problem}${way}`);
  }
  return pythonLiterals.length === 0 ? JSON.parse(plain) : parsePython(plain, pythonLiterals);
}

/** JSON has no such numbers, but the largest exponents read as infinite; what is not a number is marked, and put in place afterwards. */
function parsePython(text: string, literals: readonly { readonly at: number; readonly literal: string }[]): unknown {
  const parts: string[] = [];
  let from = 0;
  for (const { at, literal } of literals) {
    parts.push(text.slice(from, at), literal === 'NaN' ? JSON.stringify(NOT_A_NUMBER) : literal.replace('Infinity', '1e999'));
    from = at + literal.length;
  }
  return JSON.parse(parts.join('') + text.slice(from), (_, value: unknown) => (value === NOT_A_NUMBER ? NaN : value));
}

/** No text that a file of this kind holds. */
const NOT_A_NUMBER = '\u0000procache: not a number\u0000';
