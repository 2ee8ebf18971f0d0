import { ProCacheError } from '../errors.ts';
import { nearest } from '../nearest.ts';
import type { Schedule } from '../schedule.ts';
import type { Topology } from '../topology.ts';
import { duca } from './duca.ts';
import { fora } from './fora.ts';
import { procache, procachePublished } from './procache.ts';
import { taylorseer, taylorseerLite } from './taylorseer.ts';
import { toca } from './toca.ts';
import { uncached } from './uncached.ts';

/** What a name alone does not say. */
export interface MethodOptions {
  /** For `procache`: which steps compute (`#`) and which reuse (`.`). */
  readonly pattern?: string;
  /** For `procache`, `toca-N` and `duca-N`: the share of tokens that a selective step refreshes. */
  readonly ratio?: number;
}

/** A name that a schedule goes by, numbers and all, and how it is made. */
interface Method {
  /** The name with its numbers in words, for people: `"taylorseer-<interval>-<order>"`. */
  readonly name: string;
  make(numbers: readonly number[], topology: Topology, steps: number, options: MethodOptions): Schedule;
}

const METHODS: readonly Method[] = [
  { name: 'uncached', make: (_, _topology, steps) => uncached({ steps }) },
  { name: 'procache-published', make: (_, topology, steps) => procachePublished({ topology, steps }) },
  { name: 'procache', make: (_, topology, steps, options) => procache({ topology, steps, ...options }) },
  { name: 'fora-<interval>', make: ([interval], _topology, steps) => fora({ steps, interval: interval! }) },
  { name: 'toca-<interval>', make: ([interval], topology, steps, options) => toca({ topology, steps, interval: interval!, ...ratioOf(options) }) },
  { name: 'duca-<interval>', make: ([interval], topology, steps, options) => duca({ topology, steps, interval: interval!, ...ratioOf(options) }) },
  { name: 'taylorseer-<interval>-<order>', make: ([interval, order], _topology, steps) => taylorseer({ steps, interval: interval!, order: order! }) },
  {
    name: 'taylorseer-lite-<interval>-<order>',
    make: ([interval, order], topology, steps) => taylorseerLite({ topology, steps, interval: interval!, order: order! }),
  },
];

/** The names that `byName` knows, with the numbers in words: `"fora-<interval>"`. */
export const METHOD_NAMES: readonly string[] = METHODS.map(({ name }) => name);

/**
 * The schedule of a method by its name: `"fora-3"`, `"taylorseer-3-2"`, `"procache-published"`.
 *
 * Throws `invalid-input` for a name that it does not know, with those it does, nearest first, and
 * for whatever the method refuses.
 */
export function byName(name: string, topology: Topology, steps: number, options: MethodOptions = {}): Schedule {
  for (const method of METHODS) {
    const match = new RegExp(`^${method.name.replace(/<\w+>/g, '(\\d+)')}$`).exec(name);
    if (match) return method.make(match.slice(1).map(Number), topology, steps, options);
  }
  // The numbers are taken out of both, so that "for-12" is near to "fora-<interval>".
  const bare = (text: string) => text.replace(/<\w+>|\d+/g, '0');
  const order = nearest(bare(name), METHOD_NAMES.map(bare));
  const names = [...METHOD_NAMES].sort((a, b) => order.indexOf(bare(a)) - order.indexOf(bare(b)));
  throw new ProCacheError('invalid-input', `there is no method '${name}'; there are ${names.join(', ')}`);
}

function ratioOf({ ratio }: MethodOptions): { readonly ratio?: number } {
  return ratio === undefined ? {} : { ratio };
}
