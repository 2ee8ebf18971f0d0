import { parseSchedule, ProCacheError, type Schedule } from '@procache/core';
import {
  elementsOf,
  integerOf,
  membersOf,
  objectOf,
  parseJson,
  type Placed,
  refuse,
  shown,
  shownName,
  textOf,
} from '@procache/core/untrusted';
import type { Scores } from '../scoring/evaluator.ts';
import { writtenScore } from '../scoring/written-score.ts';
import { asJson, type Json } from './json.ts';

/** One evaluation: what a schedule scored on some seeds. */
export interface Evaluated {
  readonly schedule: Schedule;
  readonly seeds: readonly number[];
  readonly scores: Scores;
}

/** One line of a study. */
export type StudyLine =
  | { readonly kind: 'header'; readonly header: Json }
  | { readonly kind: 'evaluation'; readonly evaluated: Evaluated }
  | { readonly kind: 'kept'; readonly name: string; readonly value: Json };

/** A line, and where it stands: `line 3 of the study`. */
export type PlacedLine = StudyLine & { readonly place: string };

/**
 * A line of a study as JSON, without its line break and without anything but ASCII, so that its bytes are its
 * characters.
 *
 * @throws {ProCacheError} for what JSON cannot say, with its place.
 */
export function formatLine(line: StudyLine): string {
  return JSON.stringify(jsonOf(line)).replace(
    /[^\x20-\x7e]/g,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function jsonOf(line: StudyLine): Json {
  switch (line.kind) {
    case 'header':
      return asJson({ study: 1, ...objectOf({ value: line.header, place: 'header' }) }, 'header');
    case 'kept':
      return {
        kept: line.name,
        value: asJson(line.value, `what the study keeps as ${shown(line.name)}`, 'execution-failed'),
      };
    case 'evaluation': {
      const { schedule, seeds, scores } = line.evaluated;
      const { version, pattern, legend, selector } = schedule;
      const members = Object.entries(scores).map(
        ([name, score]) => [name, typeof score === 'number' ? writtenScore(score) : score.map(writtenScore)] as const,
      );
      return asJson(
        { schedule: { version, pattern, legend, selector }, seeds, scores: Object.fromEntries(members) },
        'evaluation',
      );
    }
  }
}

/**
 * The lines of a study's text, and how many were torn.
 *
 * A process that is killed while it writes leaves a line that is no JSON: it was never part of the
 * study. A line that is JSON, but no line of a study, is an error.
 */
export function parseLines(text: string): { readonly lines: readonly PlacedLine[]; readonly torn: number } {
  const lines: PlacedLine[] = [];
  let torn = 0;
  text.split('\n').forEach((line, i) => {
    if (line.trim() === '') return;
    const place = `line ${i + 1} of the study`;
    const json = jsonIn(line, place);
    if (json === undefined) torn++;
    else lines.push({ ...lineOf({ value: json, place, code: 'invalid-input' }), place });
  });
  return { lines, torn };
}

/**
 * A line as it will be read: what a study has just written is used in this form, so that a resumed search sees the
 * same.
 */
export function readLine(text: string): StudyLine {
  const place = 'the line that the study is to write';
  return lineOf({ value: parseJson(text, { name: place, code: 'execution-failed' }), place, code: 'execution-failed' });
}

function jsonIn(line: string, name: string): unknown {
  try {
    return parseJson(line, { name, code: 'invalid-input' });
  } catch (cause) {
    if (cause instanceof ProCacheError) return undefined;
    throw cause;
  }
}

function lineOf(placed: Placed): StudyLine {
  const { place, code } = placed;
  const { study, ...header } = objectOf(placed);
  if (study === 1) return { kind: 'header', header: asJson(header, place) };
  if (study !== undefined)
    refuse(place, `version ${shown(study)} of a study is not read here; begin another study`, code);
  if ('kept' in header) {
    const { kept, value } = membersOf(placed, ['kept', 'value']);
    if (value === undefined) refuse(place, 'has no value', code);
    return {
      kind: 'kept',
      name: textOf({ value: kept, place: `${place}, kept`, code }),
      value: asJson(value, `${place}, value`),
    };
  }
  if (!('schedule' in header)) refuse(place, 'is no line of a study', code);
  return { kind: 'evaluation', evaluated: evaluationOf(placed) };
}

function evaluationOf(placed: Placed): Evaluated {
  const { place, code } = placed;
  const { schedule, seeds, scores } = membersOf(placed, ['schedule', 'seeds', 'scores']);
  const read = elementsOf({ value: seeds, place: `${place}, seeds`, code }).map((seed) => integerOf(seed, 0));
  return {
    schedule: scheduleIn(schedule, place),
    seeds: read,
    scores: scoresOf({ value: scores, place, code }, read.length),
  };
}

function scheduleIn(json: unknown, place: string): Schedule {
  try {
    return parseSchedule(json);
  } catch (cause) {
    if (cause instanceof ProCacheError)
      throw new ProCacheError('invalid-input', `${place}, ${cause.message}`, { cause });
    throw cause;
  }
}

function scoresOf(placed: Placed, seeds: number): Scores {
  const members = Object.entries(objectOf({ ...placed, place: `${placed.place}, scores` })).map(([name, score]) => {
    const numbers = (Array.isArray(score) ? score : [score]).map((value: unknown) => scoreOf(value));
    if (numbers.includes(undefined) || (Array.isArray(score) && numbers.length !== seeds)) {
      refuse(
        placed.place,
        `the score '${shownName(name)}' is neither one number nor one for each of the ${seeds} seeds`,
        placed.code,
      );
    }
    return [name, Array.isArray(score) ? numbers : numbers[0]] as const;
  });
  return Object.fromEntries(members) as Scores;
}

/** The number that `writtenScore` wrote. */
function scoreOf(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined; // 1e999 reads as infinite
  return value === 'Infinity' ? Infinity : value === '-Infinity' ? -Infinity : value === 'NaN' ? NaN : undefined;
}
