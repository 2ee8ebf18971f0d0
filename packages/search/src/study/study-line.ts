import { parseSchedule, ProCacheError, type Schedule } from '@procache/core';
import type { Scores } from '../scoring/evaluator.ts';
import type { Json, StudyHeader } from './header.ts';

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

/** A line of a study as JSON, without its line break and without anything but ASCII, so that its bytes are its characters. */
export function formatLine(line: StudyLine): string {
  return JSON.stringify(jsonOf(line)).replace(/[^\x20-\x7e]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function jsonOf(line: StudyLine): unknown {
  switch (line.kind) {
    case 'header':
      return { study: 1, ...(line.header as unknown as StudyHeader) };
    case 'kept':
      return { kept: line.name, value: line.value };
    case 'evaluation': {
      const { schedule, seeds, scores } = line.evaluated;
      const { version, pattern, legend, selector } = schedule;
      const members = Object.entries(scores).map(([name, score]) => [
        name,
        typeof score === 'number' ? written(score) : score.map(written),
      ]);
      return {
        schedule: { version, pattern, legend, ...(selector && { selector }) },
        seeds,
        scores: Object.fromEntries(members) as unknown,
      };
    }
  }
}

/**
 * The lines of a study's text, and how many were torn.
 *
 * A process that is killed while it writes leaves a line that is no JSON: it was never part of the
 * study. A line that is JSON, but no line of a study, is an error.
 */
export function parseLines(text: string): { readonly lines: readonly StudyLine[]; readonly torn: number } {
  const lines: StudyLine[] = [];
  let torn = 0;
  text.split('\n').forEach((line, i) => {
    if (line.trim() === '') return;
    const json = parsed(line);
    if (json === undefined) torn++;
    else lines.push(lineOf(json, `line ${i + 1} of the study`));
  });
  return { lines, torn };
}

function parsed(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const json: unknown = JSON.parse(line);
    return typeof json === 'object' && json !== null ? (json as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}

function lineOf(json: Readonly<Record<string, unknown>>, place: string): StudyLine {
  const { study, kept, schedule, ...rest } = json;
  if (study === 1) return { kind: 'header', header: rest as Json };
  if (study !== undefined) refuse(place, `version ${JSON.stringify(study)} of a study is not read here; begin another study`);
  if (typeof kept === 'string') return { kind: 'kept', name: kept, value: rest['value'] as Json };
  const { seeds, scores } = rest;
  if (schedule === undefined || !isNumbers(seeds) || typeof scores !== 'object' || scores === null) refuse(place, 'is no line of a study');
  return { kind: 'evaluation', evaluated: { schedule: parseSchedule(schedule), seeds, scores: scoresOf(scores, seeds.length, place) } };
}

function scoresOf(json: object, seeds: number, place: string): Scores {
  const members = Object.entries(json).map(([name, score]: [string, unknown]) => {
    const numbers = (Array.isArray(score) ? score : [score]).map((value: unknown) => read(value));
    if (numbers.includes(undefined) || (Array.isArray(score) && numbers.length !== seeds)) {
      refuse(place, `the score '${name}' is neither one number nor one for each of the ${seeds} seeds`);
    }
    return [name, Array.isArray(score) ? numbers : numbers[0]] as const;
  });
  return Object.fromEntries(members) as Scores;
}

function refuse(place: string, problem: string): never {
  throw new ProCacheError('invalid-input', `${place}: ${problem}`);
}

function isNumbers(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((element) => typeof element === 'number');
}

/** JSON has no numbers that are not finite: those are written as their names. */
function written(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}

function read(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  return value === 'Infinity' ? Infinity : value === '-Infinity' ? -Infinity : value === 'NaN' ? NaN : undefined;
}
