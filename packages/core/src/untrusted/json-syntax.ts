import { MAX_DEPTH } from './json-value.ts';
import { shown } from './printable.ts';

/** Where a text stops being JSON, and what is wrong there. */
export interface SyntaxProblem {
  /** Counted from 0, in UTF-16 units. */
  readonly at: number;
  readonly problem: string;
}

/** What reading a text comes to: its value, or the first mistake in it. */
export type Reading = { readonly value: unknown; readonly mistake?: undefined } | { readonly mistake: SyntaxProblem };

/**
 * Reads a JSON text (RFC 8259), in time linear in its length.
 *
 * It does without `JSON.parse` for two reasons. That tells the place of a mistake differently in every engine, and in
 * some not at all. And from V8 13 on it takes a key that must be escaped for another one: once it has read the key `\`,
 * it reads the keys `"` and a line break, written `\"` and `\n`, as `\` too. This is also stricter in two points: a
 * key that an object already has is a mistake, since one of the two would be lost in silence, and so is nesting deeper
 * than 200.
 */
export function readJson(text: string, { pythonNumbers = false }: { readonly pythonNumbers?: boolean } = {}): Reading {
  const reader = new Reader(text, pythonNumbers);
  try {
    const value = reader.value(0);
    reader.end();
    return { value };
  } catch (mistake) {
    if (mistake instanceof Mistake) return { mistake: { at: mistake.at, problem: mistake.message } };
    throw mistake;
  }
}

/** The line and the column, both counted from 1, of a place in a text. */
export function lineAndColumn(text: string, at: number): readonly [line: number, column: number] {
  const lines = text.slice(0, at).split(/\r\n|\r|\n/);
  return [lines.length, lines.at(-1)!.length + 1];
}

/** Unwinds the reader; never leaves this file. */
class Mistake extends Error {
  readonly at: number;

  constructor(at: number, problem: string) {
    super(problem);
    this.at = at;
  }
}

class Reader {
  readonly #text: string;
  readonly #pythonNumbers: boolean;
  #at = 0;

  constructor(text: string, pythonNumbers: boolean) {
    this.#text = text;
    this.#pythonNumbers = pythonNumbers;
  }

  value(depth: number): unknown {
    if (depth > MAX_DEPTH) this.#fail(`more than ${MAX_DEPTH} arrays and objects inside one another`);
    this.#skip(SPACE);
    const next = this.#text[this.#at];
    if (next === '{') return this.#object(depth);
    if (next === '[') return this.#array(depth);
    return next === '"' ? this.#string() : this.#literal();
  }

  end(): void {
    this.#skip(SPACE);
    if (this.#at < this.#text.length) this.#fail(`${this.#found()} after the end of the value`);
  }

  /** A number, `true`, `false` or `null`, and Python's numbers where they are allowed. */
  #literal(): unknown {
    const start = this.#at;
    if (!this.#skip(LITERAL) && !(this.#pythonNumbers && this.#skip(PYTHON_LITERAL)))
      this.#fail(`${this.#found()} where a value should be`);
    const literal = this.#text.slice(start, this.#at);
    return WORDS.has(literal) ? WORDS.get(literal) : Number(literal);
  }

  #object(depth: number): object {
    const members: Record<string, unknown> = {};
    this.#sequence('{', '}', () => {
      this.#skip(SPACE);
      const start = this.#at;
      if (this.#text[start] !== '"') this.#fail(`${this.#found()} where a key in double quotes should be`);
      const key = this.#string();
      if (Object.hasOwn(members, key)) throw new Mistake(start, `the key ${shown(key)} is given twice`);
      this.#skip(SPACE);
      if (!this.#take(':')) this.#fail(`${this.#found()} where ":" should be`);
      const value = this.value(depth + 1);
      if (key === '__proto__')
        Object.defineProperty(members, key, { value, enumerable: true, configurable: true, writable: true });
      else members[key] = value;
    });
    return members;
  }

  #array(depth: number): unknown[] {
    const elements: unknown[] = [];
    this.#sequence('[', ']', () => elements.push(this.value(depth + 1)));
    return elements;
  }

  #sequence(open: string, close: string, element: () => void): void {
    this.#take(open);
    this.#skip(SPACE);
    if (this.#take(close)) return;
    do {
      element();
      this.#skip(SPACE);
    } while (this.#take(','));
    if (!this.#take(close)) this.#fail(`${this.#found()} where "," or "${close}" should be`);
  }

  #string(): string {
    const start = this.#at;
    this.#take('"');
    while (this.#skip(PLAIN) || this.#skip(ESCAPE));
    if (!this.#take('"')) {
      const next = this.#text[this.#at];
      this.#fail(
        next === '\\'
          ? 'an unknown escape in a string'
          : next === undefined
            ? 'a string without an end'
            : 'a control character in a string',
      );
    }
    const inside = this.#text.slice(start + 1, this.#at - 1);
    // Of a text that is nothing but a string, every engine reads the escapes alike.
    return inside.includes('\\') ? (JSON.parse(`"${inside}"`) as string) : inside;
  }

  #take(sign: string): boolean {
    const found = this.#text.startsWith(sign, this.#at);
    if (found) this.#at += sign.length;
    return found;
  }

  #skip(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    const length = pattern.exec(this.#text)?.[0].length ?? 0;
    this.#at += length;
    return length > 0;
  }

  #found(): string {
    const sign = this.#text.codePointAt(this.#at);
    return sign === undefined ? 'the end of the text' : shown(String.fromCodePoint(sign));
  }

  #fail(problem: string): never {
    throw new Mistake(this.#at, problem);
  }
}

const SPACE = /[ \t\n\r]*/y;
/** A piece of a string without escapes. Not one pattern for whole strings: on long ones it would exhaust the stack. */
// eslint-disable-next-line no-control-regex -- control characters are what JSON forbids in strings
const PLAIN = /[^"\\\u0000-\u001f]+/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
const LITERAL = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const PYTHON_LITERAL = /NaN|-?Infinity/y;
const WORDS: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ['true', true],
  ['false', false],
  ['null', null],
]);
