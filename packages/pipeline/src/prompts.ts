import { listOf, parseJson, refuse, textOf } from '@procache/core/untrusted';

/**
 * The prompts in the text of a file: one a line, where empty lines and those that begin with `#` do not count, or a
 * JSON list of texts, in which every text is one. A place that ends in `.json` is the latter, whatever is in it.
 *
 * @throws {ProCacheError} `invalid-input` with the place, for JSON that is something else, and where there is none.
 */
export function promptsIn(text: string, place: string): readonly string[] {
  const bare = text.replace(/^\uFEFF/, '');
  const json = /\.json$/i.test(place) || /^\s*\[\s*["\]]/.test(bare);
  const prompts = json ? inJson(bare, place) : inLines(bare);
  if (prompts.length > 0) return prompts;
  return refuse(place, `there is no prompt in it; ${json ? 'list some texts' : 'write one a line'}`, 'invalid-input');
}

function inLines(text: string): readonly string[] {
  return text
    .split(/\r\n?|\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}

function inJson(text: string, place: string): readonly string[] {
  const value = parseJson(text, { name: place, code: 'invalid-input' });
  return listOf({ value, place, code: 'invalid-input' }).map((each) => (each.value === '' ? '' : textOf(each)));
}
