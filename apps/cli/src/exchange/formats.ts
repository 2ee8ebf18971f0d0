import { ProCacheError, type Schedule, type Topology } from '@procache/core';
import { shownName } from '@procache/core/untrusted';
import {
  type Direction,
  fromCacheDit,
  fromEcad,
  fromReferenceList,
  fromSmoothCache,
  fromStepMask,
  keyOf,
  type ReuseVariant,
  toBins,
  toEcad,
  toReferenceList,
  toSmoothCache,
  toStepMask,
} from '@procache/search';
import { jsonIn, settingsIn } from './foreign-text.ts';

/** The formats of other tools. */
export const FORMATS = ['ecad', 'smoothcache', 'mask', 'bins', 'list'] as const;
export type Format = (typeof FORMATS)[number];

/** What a file in another format does not say. */
export interface Particulars {
  readonly topology: Topology;
  readonly direction: Direction | undefined;
  /** How the steps of a mask are filled in that are not computed. */
  readonly reuse: ReuseVariant;
  /** The name that ECAD files have, and its other names in messages. */
  readonly name: string;
}

/** A schedule of another tool, and what people should know of it. */
export interface Imported {
  readonly schedule: Schedule;
  readonly notes: readonly string[];
}

/** Reads a schedule of another tool from the text of its file. What is wrong is said with the name of the file. */
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
  { topology, direction, reuse, name }: Particulars,
): Promise<Imported> {
  switch (format) {
    case 'ecad':
      return { schedule: fromEcad(jsonIn(text, name), topology), notes: [] };
    case 'smoothcache':
      return { schedule: fromSmoothCache(jsonIn(text, name), topology), notes: [] };
    case 'mask':
      return { schedule: fromStepMask(text, reuse), notes: [] };
    case 'bins': {
      const { schedule, left } = fromCacheDit(await settingsIn(text, name), reuse);
      return { schedule, notes: leftNotes(left) };
    }
    case 'list':
      return { schedule: fromReferenceList(text, { topology, direction: known(direction) }), notes: [] };
  }
}

/** Settings that a note names. */
const SHOWN_SETTINGS = 6;

/** Says which settings are not in the schedule, since a tool that is told of them would do something else. */
function leftNotes(left: readonly string[]): readonly string[] {
  if (left.length === 0) return [];
  const more = left.length > SHOWN_SETTINGS ? ` and ${left.length - SHOWN_SETTINGS} more` : '';
  const names = left
    .slice(0, SHOWN_SETTINGS)
    .map((name) => shownName(name))
    .join(', ');
  return [
    `only which steps are computed is taken from the file, not ${names}${more}; ` +
      `--forecast, --rule and --stack say how the other steps are filled in`,
  ];
}

/** Writes a schedule as another tool reads it. */
export function exportText(
  schedule: Schedule,
  format: Format,
  { topology, direction, name }: Omit<Particulars, 'reuse'>,
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

/** What is lost where a schedule goes to another tool: `back` is what comes back from there. */
export function lossesOf(schedule: Schedule, back: Schedule): readonly string[] {
  return keyOf(schedule) === keyOf(back)
    ? []
    : ['the format cannot say all that this schedule does, only which steps do what'];
}

function known(direction: Direction | undefined): Direction {
  if (direction) return direction;
  throw new ProCacheError(
    'invalid-input',
    '--direction: lists of 0, 1 and 2 are written both ways round; ' +
      'say noisiest-first (the first number is the first step taken) or cleanest-first',
  );
}
