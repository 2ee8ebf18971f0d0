import { type Refuse } from './refusal.ts';

/**
 * The members of a JSON object, at most one of each name.
 *
 * `JSON.parse` keeps the last of two members with one name and says nothing; in a checkpoint that
 * would hide a tensor, so here it is an error. `what` names the text in messages.
 */
export function parseJsonObject(text: string, what: string, refuse: Refuse): Readonly<Record<string, unknown>> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw refuse(`the ${what} is not valid JSON; the file is damaged, download it again`, cause);
  }
  if (!isJsonObject(parsed)) throw refuse(`the ${what} is not a JSON object; this is not a checkpoint`);
  const twice = repeatedName(text);
  if (twice !== undefined) {
    throw refuse(`the ${what} names '${twice}' twice; only one of the two can be meant, write the file again`);
  }
  return parsed;
}

export function isJsonObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The first name that an object of `json` gives to two members; `json` is known to be valid. */
function repeatedName(json: string): string | undefined {
  const open: Set<string>[] = [];
  const marks = /["{}]/g; // no pattern for whole strings: on long ones it would exhaust the stack
  for (let mark = marks.exec(json); mark !== null; mark = marks.exec(json)) {
    if (mark[0] === '{') open.push(new Set());
    else if (mark[0] === '}') open.pop();
    else {
      const end = stringEnd(json, mark.index);
      marks.lastIndex = end;
      if (!colonFollows(json, end)) continue;
      const name = JSON.parse(json.slice(mark.index, end)) as string;
      const names = open.at(-1)!;
      if (names.has(name)) return name;
      names.add(name);
    }
  }
  return undefined;
}

/** The index after the closing quote of the string that begins at `start`. */
function stringEnd(json: string, start: number): number {
  for (let quote = json.indexOf('"', start + 1); ; quote = json.indexOf('"', quote + 1)) {
    let backslashes = 0;
    while (json[quote - 1 - backslashes] === '\\') backslashes++;
    if (backslashes % 2 === 0) return quote + 1;
  }
}

function colonFollows(json: string, at: number): boolean {
  const rest = /\s*:/y;
  rest.lastIndex = at;
  return rest.test(json);
}
