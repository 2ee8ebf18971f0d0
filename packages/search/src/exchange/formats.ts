import { ProCacheError, type Schedule, type Topology } from '@procache/core';
import { shownName } from '@procache/core/untrusted';
import type { ReuseVariant } from '../space/alphabet.ts';
import { fromCacheDit } from './cache-dit.ts';
import { fromEcad, toEcad } from './ecad.ts';
import { jsonIn, settingsIn } from './foreign-text.ts';
import { type Direction, fromReferenceList, toReferenceList } from './reference-list.ts';
import { fromSmoothCache, toSmoothCache } from './smoothcache.ts';
import { fromStepMask, toBins, toStepMask } from './step-mask.ts';

/**
 * The formats of other tools: the JSON of ECAD and of SmoothCache, a mask of steps, cache-dit's bins or settings, and a
 * list of 0, 1 and 2.
 */
export const FORMATS = ['ecad', 'smoothcache', 'mask', 'bins', 'list'] as const;
export type Format = (typeof FORMATS)[number];

/** What a file in another format does not say. */
export interface Particulars {
  readonly topology: Topology;
  /** At which end a list of 0, 1 and 2 begins; other formats do without. */
  readonly direction?: Direction | undefined;
  /** How the steps of a mask are filled in that are not computed; reused as they are, unless given. */
  readonly reuse?: ReuseVariant | undefined;
  /** The name that ECAD files have, and a file has in messages. */
  readonly name: string;
  /** What to do where a file is in another format: `name the right one`, unless given. */
  readonly advice?: string | undefined;
}

/** A schedule of another tool. */
export interface Imported {
  readonly schedule: Schedule;
  /** The settings in the file that are not in the schedule: a tool that is told of them would do something else. */
  readonly left: readonly string[];
}

/**
 * Reads a schedule of another tool from the text of its file. It may not fit the topology: see `checkSchedule`.
 *
 * @throws {ProCacheError} `invalid-schedule` with the name of the file and the place in it; `invalid-input` where a
 *   list is given without its direction.
 */
export async function importText(text: string, format: Format, particulars: Particulars): Promise<Imported> {
  const { name } = particulars;
  try {
    return await imported(text, format, particulars);
  } catch (cause) {
    if (
      !(cause instanceof ProCacheError) ||
      cause.code !== 'invalid-schedule' ||
      cause.message.startsWith(shownName(name))
    )
      throw cause;
    throw new ProCacheError(cause.code, `${shownName(name)}: ${cause.message}`, { cause });
  }
}

async function imported(
  text: string,
  format: Format,
  { topology, direction, reuse = {}, name, advice = 'name the right one' }: Particulars,
): Promise<Imported> {
  switch (format) {
    case 'ecad':
      return { schedule: fromEcad(jsonIn(text, name, advice), topology), left: [] };
    case 'smoothcache':
      return { schedule: fromSmoothCache(jsonIn(text, name, advice), topology), left: [] };
    case 'mask':
      return { schedule: fromStepMask(text, reuse), left: [] };
    case 'bins':
      return fromCacheDit(await settingsIn(text, name, advice), reuse);
    case 'list':
      return { schedule: fromReferenceList(text, { topology, direction: known(direction) }), left: [] };
  }
}

/**
 * Writes a schedule as another tool reads it. What that tool cannot say is refused, or missing where the text is read
 * back.
 *
 * @throws {ProCacheError} `invalid-schedule`, `invalid-input`.
 */
export function exportText(
  schedule: Schedule,
  format: Format,
  { topology, direction, name }: Omit<Particulars, 'reuse' | 'advice'>,
): string {
  switch (format) {
    case 'ecad':
      return `${JSON.stringify(toEcad(schedule, topology, name), undefined, 1)}\n`;
    case 'smoothcache':
      return `${JSON.stringify(toSmoothCache(schedule, topology))}\n`;
    case 'mask':
      return `${toStepMask(schedule).join(',')}\n`;
    case 'bins': {
      const { compute, cache } = toBins(schedule);
      return `${JSON.stringify({ compute_bins: compute, cache_bins: cache })}\n`;
    }
    case 'list':
      return `[${toReferenceList(schedule, known(direction)).join(',')}]\n`;
  }
}

function known(direction: Direction | undefined): Direction {
  if (direction) return direction;
  throw new ProCacheError(
    'invalid-input',
    'direction: lists of 0, 1 and 2 are written both ways round; ' +
      'say noisiest-first (the first number is the first step taken) or cleanest-first',
  );
}
