import { ProCacheError } from '../errors.ts';
import { nearest } from '../nearest.ts';
import type { Schedule } from '../schedule/schedule.ts';
import type { Topology } from '../topology.ts';
import { textOf } from '../untrusted/json-reader.ts';
import { checkOptions } from '../untrusted/options.ts';
import { shownName } from '../untrusted/printable.ts';
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
  /** The options that change it; the others are refused. */
  readonly takes: readonly (keyof MethodOptions)[];
  make(numbers: readonly number[], topology: Topology, steps: number, options: MethodOptions): Schedule;
}

const METHODS: readonly Method[] = [
  { name: 'uncached', takes: [], make: (_, _topology, steps) => uncached({ steps }) },
  { name: 'procache-published', takes: [], make: (_, topology, steps) => procachePublished({ topology, steps }) },
  {
    name: 'procache',
    takes: ['pattern', 'ratio'],
    make: (_, topology, steps, options) => procache({ topology, steps, ...options }),
  },
  { name: 'fora-<interval>', takes: [], make: ([interval], _topology, steps) => fora({ steps, interval: interval! }) },
  {
    name: 'toca-<interval>',
    takes: ['ratio'],
    make: ([interval], topology, steps, options) => toca({ topology, steps, interval: interval!, ...ratioOf(options) }),
  },
  {
    name: 'duca-<interval>',
    takes: ['ratio'],
    make: ([interval], topology, steps, options) => duca({ topology, steps, interval: interval!, ...ratioOf(options) }),
  },
  {
    name: 'taylorseer-<interval>-<order>',
    takes: [],
    make: ([interval, order], _topology, steps) => taylorseer({ steps, interval: interval!, order: order! }),
  },
  {
    name: 'taylorseer-lite-<interval>-<order>',
    takes: [],
    make: ([interval, order], topology, steps) =>
      taylorseerLite({ topology, steps, interval: interval!, order: order! }),
  },
];

/** The names that `byName` knows, with the numbers in words: `"fora-<interval>"`. */
export const METHOD_NAMES: readonly string[] = METHODS.map(({ name }) => name);

/** The names of the methods that an option changes, with the numbers in words. */
export function methodsTaking(option: keyof MethodOptions): readonly string[] {
  return METHODS.filter(({ takes }) => takes.includes(option)).map(({ name }) => name);
}

/** Whether there is a method of that name, numbers and all. */
export function isMethod(name: string): boolean {
  return typeof name === 'string' && methodOf(name) !== undefined;
}

/**
 * The schedule of a method by its name: `"fora-3"`, `"taylorseer-3-2"`, `"procache-published"`.
 *
 * Throws `invalid-input` for a name that it does not know, with those it does, nearest first, for an
 * option that the method has no use for, and for whatever the method refuses.
 */
export function byName(name: string, topology: Topology, steps: number, options: MethodOptions = {}): Schedule {
  textOf({ value: name, place: 'name', code: 'invalid-input' });
  checkOptions('options', options, { pattern: true, ratio: true });
  const found = methodOf(name);
  if (!found) throw unknownMethod(name);
  const [method, numbers] = found;
  for (const option of OPTIONS) {
    if (options[option] !== undefined && !method.takes.includes(option)) {
      throw new ProCacheError(
        'invalid-input',
        `${option} belongs to the methods ${methodsTaking(option).join(', ')}; leave it out for ${name}`,
      );
    }
  }
  return method.make(numbers, topology, steps, options);
}

const OPTIONS: readonly (keyof MethodOptions)[] = ['pattern', 'ratio'];

function methodOf(name: string): readonly [method: Method, numbers: readonly number[]] | undefined {
  for (const method of METHODS) {
    const match = new RegExp(`^${method.name.replace(/<\w+>/g, '(\\d+)')}$`).exec(name);
    if (match) return [method, match.slice(1).map(Number)];
  }
  return undefined;
}

function unknownMethod(name: string): ProCacheError {
  // The numbers are taken out of both, so that "for-12" is near to "fora-<interval>".
  const bare = (text: string) => text.replace(/<\w+>|\d+/g, '0');
  const order = nearest(bare(name.slice(0, 80)), METHOD_NAMES.map(bare));
  const names = [...METHOD_NAMES].sort((a, b) => order.indexOf(bare(a)) - order.indexOf(bare(b)));
  return new ProCacheError('invalid-input', `there is no method '${shownName(name)}'; there are ${names.join(', ')}`);
}

function ratioOf({ ratio }: MethodOptions): { readonly ratio?: number } {
  return ratio === undefined ? {} : { ratio };
}
