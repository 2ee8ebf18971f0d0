import { ProCacheError, type Schedule } from '@procache/core';
import { shown } from '@procache/core/untrusted';
import { keyOf } from '../space/alphabet.ts';
import type { Scores } from '../scoring/evaluator.ts';
import { checkSameConditions, checkSameHeader, headerToJson, type StudyHeader } from './header.ts';
import { asJson, type Json } from './json.ts';
import type { Kept } from './kept.ts';
import { formatLine, parseLines, type PlacedLine, readLine, type StudyLine } from './study-line.ts';

/**
 * Writes a text to the end of the study's file, whole; it ends with a line break. Where it throws, the text may be
 * there in part.
 */
export type Append = (text: string) => Promise<void> | void;

/**
 * Every evaluation of a search, each written down as it happens: a search that is killed resumes from it.
 *
 * Scores are looked up by what a schedule does (`keyOf`) and by seed, so nothing is evaluated twice,
 * not even under another letter or in another batch. Whatever is added is written, and then used as it will be read:
 * a search that goes on with the file sees what the one that wrote it saw.
 */
export class Study {
  readonly header: StudyHeader;
  /** Lines that a killed process left unfinished. */
  readonly torn: number;
  readonly #append: Append;
  readonly #records = new Map<string, ScoreRecord>();
  /** With the place that says where a value stands. */
  readonly #kept = new Map<string, { readonly value: Json; readonly place: string }>();
  #writing: Promise<void> = Promise.resolve();
  /** Whether what was written last failed, and may have left part of a line. */
  #isBroken = false;

  /** Made by `beginStudy` and `resumeStudy`. */
  constructor(header: StudyHeader, lines: readonly PlacedLine[], torn: number, append: Append) {
    this.header = header;
    this.torn = torn;
    this.#append = append;
    for (const line of lines) this.#take(line);
  }

  /** The schedules that have been evaluated, in the order of their first evaluation. */
  get schedules(): readonly Schedule[] {
    return [...this.#records.values()].map(({ schedule }) => schedule);
  }

  /** What a schedule scored on these seeds, or undefined where something is missing. */
  scoresOf(schedule: Schedule, seeds: readonly number[]): Scores | undefined {
    const record = this.#records.get(keyOf(schedule));
    if (!record) return undefined;
    const members = this.header.objectives.map((name) => [name, record.score(name, seeds)] as const);
    return members.some(([, score]) => score === undefined) ? undefined : (Object.fromEntries(members) as Scores);
  }

  /** The seeds that a schedule has still to be evaluated on, so that `scoresOf` knows them all. */
  missingSeeds(schedule: Schedule, seeds: readonly number[]): readonly number[] {
    const record = this.#records.get(keyOf(schedule));
    if (!record) return seeds;
    const missing = new Set(this.header.objectives.flatMap((name) => record.missing(name, seeds)));
    return seeds.filter((seed) => missing.has(seed));
  }

  /** Adds an evaluation, once it is written. */
  async record(schedule: Schedule, seeds: readonly number[], scores: Scores): Promise<void> {
    await this.#add({ kind: 'evaluation', evaluated: { schedule, seeds, scores } });
  }

  /** Whether anything was kept under a name. */
  keeps(name: string): boolean {
    return this.#kept.has(name);
  }

  /** What was kept under a name; undefined where nothing was. */
  kept<Value>({ name, read }: Pick<Kept<Value>, 'name' | 'read'>): Value | undefined {
    const found = this.#kept.get(name);
    return found && read({ ...found, code: 'invalid-input' });
  }

  /** A value that is dear to make: made once, and from then on read from the study. */
  async keep<Value>(kept: Kept<Value>, make: () => Promise<Value>): Promise<Value> {
    const known = this.kept(kept);
    if (known !== undefined) return known;
    const place = `what the study keeps as ${shown(kept.name)}`;
    const value = asJson(kept.write(await make()), place, 'execution-failed');
    kept.read({ value, place, code: 'execution-failed' }); // nothing is written that cannot be read
    await this.#add({ kind: 'kept', name: kept.name, value });
    return this.kept(kept)!;
  }

  /** Writes a line, and takes it in as it will be read. */
  async #add(line: StudyLine): Promise<void> {
    const text = formatLine(line);
    const read = readLine(text);
    await this.#write(`${text}\n`);
    this.#take({ ...read, place: 'the study' });
  }

  /** One line after another, each in a single call. */
  #write(text: string): Promise<void> {
    const written = this.#writing.then(async () => {
      const before = this.#isBroken ? '\n' : ''; // what is left of a line stays a line of its own
      this.#isBroken = true;
      await this.#append(`${before}${text}`);
      this.#isBroken = false;
    });
    this.#writing = written.catch(() => undefined); // whoever wrote is told; the next may try
    return written;
  }

  #take(line: PlacedLine): void {
    if (line.kind === 'kept' && !this.#kept.has(line.name))
      this.#kept.set(line.name, { value: line.value, place: `${line.place}, ${shown(line.name)}` });
    if (line.kind !== 'evaluation') return;
    const { schedule, seeds, scores } = line.evaluated;
    const key = keyOf(schedule);
    const record = this.#records.get(key) ?? new ScoreRecord(schedule);
    this.#records.set(key, record);
    record.add(seeds, scores);
  }
}

/** Begins a study: its first line says under which conditions all the others hold. */
export async function beginStudy(header: StudyHeader, append: Append): Promise<Study> {
  await append(`${formatLine({ kind: 'header', header: headerToJson(header) })}\n`);
  return new Study(header, [], 0, append);
}

/**
 * Goes on with a study, given all of its file's text. What `append` gets continues that text.
 *
 * @throws {ProCacheError} `invalid-input` where it was made under other conditions, with the field and both values, and
 * for
 *   what is no line of a study, with its number.
 */
export async function resumeStudy(text: string, header: StudyHeader, append: Append): Promise<Study> {
  const wanted = headerToJson(header);
  const { lines, torn } = parseLines(text);
  const [first, ...others] = lines;
  if (first && first.kind !== 'header') {
    throw new ProCacheError(
      'invalid-input',
      'the study does not begin with a header, so it is unknown what it holds for; begin another study',
    );
  }
  if (first) {
    for (const other of others) if (other.kind === 'header') checkSameHeader(first.header, other.header, other.place);
    checkSameConditions(first.header, wanted);
  }
  if (text !== '' && !text.endsWith('\n')) await append('\n'); // the torn line stays a line of its own
  if (!first) await beginStudy(header, append);
  return new Study(header, others, torn, append);
}

/** All scores of one schedule. */
class ScoreRecord {
  readonly schedule: Schedule;
  readonly #bySeed = new Map<string, Map<number, number>>();
  readonly #bySet = new Map<string, Map<string, number>>();

  constructor(schedule: Schedule) {
    this.schedule = schedule;
  }

  /** Takes in scores. What is known stays as it is, so that whoever has asked gets the same again. */
  add(seeds: readonly number[], scores: Scores): void {
    for (const [name, score] of Object.entries(scores)) {
      if (typeof score === 'number') setOnce(memberOf(this.#bySet, name), String(seeds), score);
      else seeds.forEach((seed, i) => setOnce(memberOf(this.#bySeed, name), seed, score[i]!));
    }
  }

  score(name: string, seeds: readonly number[]): Scores[string] | undefined {
    const own = this.#bySeed.get(name);
    if (own && seeds.every((seed) => own.has(seed))) return seeds.map((seed) => own.get(seed)!);
    return this.#bySet.get(name)?.get(String(seeds));
  }

  missing(name: string, seeds: readonly number[]): readonly number[] {
    if (this.score(name, seeds) !== undefined) return [];
    const own = this.#bySeed.get(name);
    return own ? seeds.filter((seed) => !own.has(seed)) : seeds;
  }
}

function setOnce<Key, Value>(map: Map<Key, Value>, key: Key, value: Value): void {
  if (!map.has(key)) map.set(key, value);
}

function memberOf<Key, Value>(maps: Map<string, Map<Key, Value>>, name: string): Map<Key, Value> {
  const known = maps.get(name);
  if (known) return known;
  const made = new Map<Key, Value>();
  maps.set(name, made);
  return made;
}
