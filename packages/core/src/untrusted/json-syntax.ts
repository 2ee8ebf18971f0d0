import { shown } from './printable.ts';

/** Where a text stops being JSON, and what is wrong there. */
export interface SyntaxProblem {
  /** Counted from 0, in UTF-16 units. */
  readonly at: number;
  readonly problem: string;
}

/** How deep arrays and objects may stand inside one another. */
const MAX_DEPTH = 200;

/**
 * The first mistake in a JSON text (RFC 8259), or undefined where there is none.
 *
 * `JSON.parse` tells the place differently in every engine, and in some not at all. This reads the
 * grammar only, and is stricter in two points: a key that an object already has is a mistake,
 * since one of the two would be lost in silence, and so is nesting deeper than 200.
 */
export function syntaxProblem(text: string): SyntaxProblem | undefined {
  return readSyntax(text).mistake;
}

/** A number that only Python writes, and where it stands. */
export interface PythonLiteral {
  readonly at: number;
  readonly literal: string;
}

/** What reading the grammar of a text comes to. */
export interface Syntax {
  /** The first mistake: see `syntaxProblem`. */
  readonly mistake: SyntaxProblem | undefined;
  /** Where `NaN`, `Infinity` and `-Infinity` stand; they are mistakes unless `pythonNumbers` allows them. */
  readonly pythonLiterals: readonly PythonLiteral[];
}

/** The grammar of a text. It takes time linear in its length. */
export function readSyntax(text: string, { pythonNumbers = false }: { readonly pythonNumbers?: boolean } = {}): Syntax {
  const reader = new Reader(text, pythonNumbers);
  try {
    reader.value(0);
    reader.end();
    return { mistake: undefined, pythonLiterals: reader.pythonLiterals };
  } catch (mistake) {
    if (mistake instanceof Mistake) return { mistake: { at: mistake.at, problem: mistake.message }, pythonLiterals: [] };
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
  readonly pythonLiterals: PythonLiteral[] = [];
  readonly #text: string;
  readonly #pythonNumbers: boolean;
  #at = 0;

  constructor(text: string, pythonNumbers: boolean) {
    this.#text = text;
    this.#pythonNumbers = pythonNumbers;
  }

  value(depth: number): void {
    if (depth > MAX_DEPTH) this.#fail(`more than ${MAX_DEPTH} arrays and objects inside one another`);
    this.#skip(SPACE);
    const next = this.#text[this.#at];
    if (next === '{') this.#object(depth);
    else if (next === '[') this.#array(depth);
    else if (next === '"') this.#string();
    else if (!this.#skip(LITERAL) && !this.#pythonLiteral()) this.#fail(`${this.#found()} where a value should be`);
  }

  #pythonLiteral(): boolean {
    const at = this.#at;
    if (!this.#pythonNumbers || !this.#skip(PYTHON_LITERAL)) return false;
    this.pythonLiterals.push({ at, literal: this.#text.slice(at, this.#at) });
    return true;
  }

  end(): void {
    this.#skip(SPACE);
    if (this.#at < this.#text.length) this.#fail(`${this.#found()} after the end of the value`);
  }

  #object(depth: number): void {
    const keys = new Set<string>();
    this.#sequence('{', '}', () => {
      this.#skip(SPACE);
      const start = this.#at;
      if (this.#text[start] !== '"') this.#fail(`${this.#found()} where a key in double quotes should be`);
      const key = JSON.parse(this.#string()) as string;
      if (keys.has(key)) throw new Mistake(start, `the key ${shown(key)} is given twice`);
      keys.add(key);
      this.#skip(SPACE);
      if (!this.#take(':')) this.#fail(`${this.#found()} where ":" should be`);
      this.value(depth + 1);
    });
  }

  #array(depth: number): void {
    this.#sequence('[', ']', () => this.value(depth + 1));
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

  /** Reads a string, and returns it with its quotes. */
  #string(): string {
    const start = this.#at;
    this.#take('"');
    while (this.#skip(PLAIN) || this.#skip(ESCAPE));
    if (!this.#take('"')) {
      const next = this.#text[this.#at];
      this.#fail(next === '\\' ? 'an unknown escape in a string' : next === undefined ? 'a string without an end' : 'a control character in a string');
    }
    return this.#text.slice(start, this.#at);
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
