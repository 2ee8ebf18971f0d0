import { ProCacheError } from '@procache/core';
import { parseJson, shownName } from '@procache/core/untrusted';

/**
 * Characters of the longest settings in YAML: a mask of as many steps as there may be, written one to a line, is less.
 */
const MOST_YAML = 32_768;

/** The value of a text in JSON, which the format is. `advice` says what to do where it is not. */
export function jsonIn(text: string, name: string, advice: string): unknown {
  return parseJson(text, { name, code: 'invalid-schedule', advice: `the format is JSON; ${advice}` });
}

/**
 * The value of settings, in JSON or in YAML 1.1, which cache-dit reads.
 *
 * @throws {ProCacheError} `invalid-schedule` with the line and the column.
 */
export async function settingsIn(text: string, name: string, advice: string): Promise<unknown> {
  if (/^\s*[[{]/.test(text)) return jsonIn(text, name, advice);
  const refuse = (place: string, problem: string, cause?: unknown): never => {
    throw new ProCacheError(
      'invalid-schedule',
      `${shownName(name)}${place}: ${problem}; write {"compute_bins": [...], "cache_bins": [...]}`,
      { cause },
    );
  };
  if (text.length > MOST_YAML)
    refuse('', `has ${text.length} characters, and the longest settings in YAML that are read have ${MOST_YAML}`);
  const { LineCounter, parseDocument } = await import('yaml');
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { version: '1.1', prettyErrors: false, logLevel: 'silent', lineCounter });
  const [mistake] = document.errors;
  if (mistake) {
    const { line, col } = lineCounter.linePos(mistake.pos[0]);
    const problem = /call stack/.test(mistake.message)
      ? 'lists and maps stand too deep inside one another'
      : mistake.message.split('\n')[0]!;
    return refuse(`, line ${line}, column ${col}`, `this is neither JSON nor YAML: ${problem}`, mistake);
  }
  try {
    return document.toJS() as unknown;
  } catch (cause) {
    return refuse('', 'its aliases make too much of a little, or name nothing', cause);
  }
}
