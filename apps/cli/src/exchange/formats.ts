import { ProCacheError, type Schedule, type Topology } from '@procache/core';
import {
  type Direction,
  fromBins,
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

/** Reads a schedule of another tool from the text of its file. */
export function importText(text: string, format: Format, { topology, direction, reuse, name }: Particulars): Schedule {
  switch (format) {
    case 'ecad':
      return fromEcad(jsonOf(text, name), topology);
    case 'smoothcache':
      return fromSmoothCache(jsonOf(text, name), topology);
    case 'mask':
      return fromStepMask(text, reuse);
    case 'bins': {
      const { compute, cache } = binsOf(jsonOf(text, name), name);
      return fromBins(compute, cache, reuse);
    }
    case 'list':
      return fromReferenceList(text, { topology, direction: known(direction) });
  }
}

/** Writes a schedule as another tool reads it. */
export function exportText(schedule: Schedule, format: Format, { topology, direction, name }: Omit<Particulars, 'reuse'>): string {
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
  return keyOf(schedule) === keyOf(back) ? [] : ['the format cannot say all that this schedule does, only which steps do what'];
}

function known(direction: Direction | undefined): Direction {
  if (direction) return direction;
  throw new ProCacheError(
    'invalid-input',
    '--direction: lists of 0, 1 and 2 are written both ways round; say noisiest-first (the first number is the first step taken) or cleanest-first',
  );
}

function jsonOf(text: string, name: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new ProCacheError('invalid-schedule', `${name}: is not JSON, which this format is; name the right one with --format`, { cause });
  }
}

function binsOf(json: unknown, name: string): { readonly compute: readonly number[]; readonly cache: readonly number[] } {
  const { compute_bins: compute, cache_bins: cache } = (json ?? {}) as Readonly<Record<string, unknown>>;
  if (Array.isArray(compute) && Array.isArray(cache)) return { compute: compute as readonly number[], cache: cache as readonly number[] };
  throw new ProCacheError('invalid-schedule', `${name}: has no lists \`compute_bins\` and \`cache_bins\`, as cache-dit names them; write {"compute_bins": [...], "cache_bins": [...]}`);
}
