import { ProCacheError } from '@procache/core';

/** A JSON value. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** All that a search depends on: with another header the same schedules have other scores, or other schedules are tried. */
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
 * Refuses to go on with a study under other conditions than those it was made under.
 *
 * @throws {ProCacheError} `invalid-input` that names the first field that differs, and both values.
 */
export function checkSameConditions(made: Json, wanted: StudyHeader): void {
  const [before, now] = [fieldsOf(made), fieldsOf(wanted as unknown as Json)];
  for (const field of new Set([...now.keys(), ...before.keys()])) {
    if (before.get(field) === now.get(field)) continue;
    throw new ProCacheError(
      'invalid-input',
      `the study was made with ${field} ${shown(before.get(field))}, and this search has ${shown(now.get(field))}; ` +
        `search with what it was made with, or begin another study`,
    );
  }
}

/** The values of a JSON object by their place, `versions.core`; lists are values. */
function fieldsOf(value: Json | undefined, place = ''): ReadonlyMap<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return new Map([[place, JSON.stringify(value)]]);
  const members = Object.entries(value as Readonly<Record<string, Json>>).filter(
    ([, member]) => (member as Json | undefined) !== undefined,
  );
  return new Map(members.flatMap(([key, member]) => [...fieldsOf(member, place === '' ? key : `${place}.${key}`)]));
}

function shown(text: string | undefined): string {
  if (text === undefined) return 'nothing';
  return text.length > 80 ? `${text.slice(0, 60)}... (${text.length} characters)` : text;
}
