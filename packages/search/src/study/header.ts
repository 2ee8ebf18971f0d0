import { MAX_STEPS, ProCacheError } from '@procache/core';
import { integerOf, isJsonObject, shown, shownName } from '@procache/core/untrusted';
import { memberPlace } from '../place.ts';
import { asJson, canonical, type Json } from './json.ts';

/**
 * All that a search depends on: with another header the same schedules have other scores, or other schedules are tried.
 */
export interface StudyHeader {
  /** A hash of the model's weights and configuration. */
  readonly model: string;
  readonly sampler: string;
  readonly steps: number;
  readonly guidance: number;
  /** What else an image depends on besides its seed: how its label comes of it, how timesteps are picked. */
  readonly images: Json;
  /** The seeds whose images schedules are judged by. */
  readonly seeds: readonly number[];
  /** The seeds of the final race, which no strategy sees; none where there is no such race. */
  readonly finalSeeds: readonly number[];
  /** Of this library, of ONNX Runtime, and of whatever else changes numbers. */
  readonly versions: Readonly<Record<string, string>>;
  readonly objectives: readonly string[];
  /** The strategy and its settings, the seed of its randomness among them. */
  readonly strategy: Json;
  /** The constraints of the space, the target, and what the letters mean. */
  readonly constraints: Json;
}

/**
 * A header as the study's file says it.
 *
 * @throws {ProCacheError} `invalid-input` for seeds and steps that cannot be, and for what JSON cannot say.
 */
export function headerToJson(header: StudyHeader): Json {
  integerOf({ value: header.steps, place: 'header.steps', code: 'invalid-input' }, 1, MAX_STEPS);
  for (const name of ['seeds', 'finalSeeds'] as const) {
    header[name].forEach((seed, i) =>
      integerOf({ value: seed, place: `header.${name}[${i}]`, code: 'invalid-input' }, 0),
    );
  }
  return asJson({ ...header }, 'header');
}

/**
 * Refuses to go on with a study under other conditions than those it was made under.
 *
 * @throws {ProCacheError} `invalid-input` that names the first field that differs, and both values.
 */
export function checkSameConditions(made: Json, wanted: Json): void {
  const difference = differenceOf(made, wanted);
  if (!difference) return;
  throw new ProCacheError(
    'invalid-input',
    `the study was made with ${difference.field} ${difference.before}, and this search has ${difference.now}; ` +
      `search with what it was made with, or begin another study`,
  );
}

/** Refuses a study in which lines follow that were made under other conditions than the first. */
export function checkSameHeader(first: Json, other: Json, place: string): void {
  const difference = differenceOf(first, other);
  if (!difference) return;
  throw new ProCacheError(
    'invalid-input',
    `${place}: a second header says ${difference.field} ${difference.now}, and the first ${difference.before}, ` +
      `so that two searches are mixed in it; begin another study`,
  );
}

interface Difference {
  readonly field: string;
  readonly before: string;
  readonly now: string;
}

/** The first field in which two headers differ, by its place, `versions.core`; lists are values. */
function differenceOf(before: Json | undefined, now: Json | undefined, place = ''): Difference | undefined {
  if (isJsonObject(before) && isJsonObject(now)) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(now)])) {
      const difference = differenceOf(memberAt(before, key), memberAt(now, key), memberPlace(place, key));
      if (difference) return difference;
    }
    return undefined;
  }
  const [earlier, later] = [before, now].map((value) => (value === undefined ? undefined : canonical(value)));
  return earlier === later ? undefined : { field: shownName(place), before: valueOf(earlier), now: valueOf(later) };
}

function memberAt(value: Readonly<Record<string, Json>>, key: string): Json | undefined {
  return Object.hasOwn(value, key) ? value[key] : undefined;
}

/** A field for a message; its text is JSON already. */
function valueOf(text: string | undefined): string {
  if (text === undefined) return shown(text);
  return text.length > 80 ? `${shownName(text, 60)} (${text.length} characters)` : shownName(text);
}
