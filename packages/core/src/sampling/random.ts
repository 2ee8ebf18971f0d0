import { ProCacheError } from '../errors.ts';
import { shown } from '../untrusted/printable.ts';

/** A whole number from 0 to 2^64 - 1. Above 2^53 - 1 it is a bigint, since a number would have been rounded. */
export type Seed = number | bigint;

/** The largest seed there is, as in PyTorch. */
export const MAX_SEED: bigint = 2n ** 64n - 1n;

/** The most numbers that are drawn at once: a gibibyte of them. */
const MAX_COUNT = 2 ** 28;

/**
 * Numbers uniform in [0, 1), each a multiple of 2^-24, from a seed.
 *
 * The generator is MT19937 (Matsumoto and Nishimura, 1998) seeded and read out as PyTorch does on
 * the CPU, so that a seed means the same noise here and there. Of a seed only the lowest 32 bits
 * count, there as here.
 *
 * @throws {ProCacheError} `invalid-input` for what is not a `Seed`.
 */
export function uniforms(seed: Seed): () => number {
  return uniformFrom(mersenneTwister(stateOf(seed)));
}

/**
 * Standard normal numbers from a seed: those of `torch.randn(count, generator=manual_seed(seed))`
 * on the CPU, up to rounding in the last place.
 *
 * @throws {ProCacheError} `invalid-input` for what is not a `Seed`, and for a count that is none or above 2^28.
 */
export function gaussian(seed: Seed, count: number): Float32Array {
  return gaussians(seed)(count);
}

/**
 * A source of standard normal numbers: its calls are those of `torch.randn(count, generator=g)` with one
 * generator `g`, seeded once. Noise for the steps of a sampler comes from here.
 *
 * @throws {ProCacheError} `invalid-input` for what is not a `Seed`, and for a count that is none or above 2^28.
 */
export function gaussians(seed: Seed): (count: number) => Float32Array {
  return gaussiansFrom(stateOf(seed));
}

/**
 * Standard normal numbers from several 32-bit words: a stream that no seed of `gaussians` has.
 *
 * The words go through the generator's own initialisation by an array (`init_by_array` of MT19937, 2002).
 */
export function gaussiansOfWords(words: readonly number[]): (count: number) => Float32Array {
  return gaussiansFrom(stateOfWords(words));
}

function gaussiansFrom(state: Uint32Array): (count: number) => Float32Array {
  const next = mersenneTwister(state);
  const few = oneByOne(next);
  return (count) => {
    checkCount(count);
    return count < 16 ? Float32Array.from({ length: count }, few) : inBlocks(uniformFrom(next), count);
  };
}

/** A seed, exactly. */
export function exactSeed(seed: Seed): bigint {
  const exact = typeof seed === 'bigint' || Number.isSafeInteger(seed) ? BigInt(seed) : -1n;
  if (exact >= 0n && exact <= MAX_SEED) return exact;
  const way =
    typeof seed === 'number' && seed > Number.MAX_SAFE_INTEGER ? ', above 2^53 - 1 as a bigint, which is exact' : '';
  throw new ProCacheError(
    'invalid-input',
    `the seed is ${shown(seed)}; use a whole number from 0 to ${MAX_SEED}${way}`,
  );
}

/** What counts of a seed, for MT19937 as for PyTorch on the CPU: its lowest 32 bits. */
export function lowBits(seed: Seed): number {
  return Number(BigInt.asUintN(32, exactSeed(seed)));
}

function checkCount(count: number): void {
  if (Number.isInteger(count) && count >= 0 && count <= MAX_COUNT) return;
  throw new ProCacheError('invalid-input', `cannot draw ${shown(count)} numbers; draw 0 to ${MAX_COUNT} at once`);
}

function uniformFrom(next: () => number): () => number {
  return () => (next() & 0xffffff) / 0x1000000;
}

/** Box and Muller's transform, block by block: eight radii, then eight angles. */
function inBlocks(uniform: () => number, count: number): Float32Array {
  const values = Float32Array.from({ length: count }, uniform);
  for (let start = 0; start + 16 <= count; start += 16) transformBlock(values, start);
  if (count % 16 !== 0) {
    for (let i = count - 16; i < count; i++) values[i] = uniform();
    transformBlock(values, count - 16);
  }
  return values;
}

function transformBlock(values: Float32Array, start: number): void {
  for (let i = start; i < start + 8; i++) {
    const radius = Math.sqrt(-2 * Math.log(1 - values[i]!));
    const angle = 2 * Math.PI * values[i + 8]!;
    values[i] = radius * Math.cos(angle);
    values[i + 8] = radius * Math.sin(angle);
  }
}

/** The way of fewer than 16 numbers: pairs, in float64, from 53-bit uniforms. Half a pair is kept for the next call. */
function oneByOne(next: () => number): () => number {
  let spare: number | undefined;
  const uniform = () => {
    const [high, low] = [next(), next()];
    return ((high & 0x1fffff) * 0x100000000 + low) / 2 ** 53;
  };
  return () => {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    const angle = 2 * Math.PI * uniform();
    const radius = Math.sqrt(-2 * Math.log1p(-uniform()));
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
}

const SIZE = 624;
const SHIFT = 397;

/** The state that a seed begins with (`init_genrand`). */
function stateOf(seed: Seed): Uint32Array {
  const state = new Uint32Array(SIZE);
  state[0] = lowBits(seed);
  for (let i = 1; i < SIZE; i++) state[i] = Math.imul(1812433253, mixed(state[i - 1]!)) + i;
  return state;
}

/** The state that some words begin with (`init_by_array`). */
function stateOfWords(words: readonly number[]): Uint32Array {
  const state = stateOf(19650218);
  let i = 1;
  const advance = () => {
    if (++i < SIZE) return;
    state[0] = state[SIZE - 1]!;
    i = 1;
  };
  for (let k = 0; k < Math.max(SIZE, words.length); k++) {
    const j = k % words.length;
    state[i] = (state[i]! ^ Math.imul(mixed(state[i - 1]!), 1664525)) + words[j]! + j;
    advance();
  }
  for (let k = 1; k < SIZE; k++) {
    state[i] = (state[i]! ^ Math.imul(mixed(state[i - 1]!), 1566083941)) - i;
    advance();
  }
  state[0] = 0x80000000;
  return state;
}

function mixed(word: number): number {
  return word ^ (word >>> 30);
}

/** Unsigned 32-bit numbers from MT19937, which goes on from this state. */
function mersenneTwister(state: Uint32Array): () => number {
  let position = SIZE;
  return () => {
    if (position === SIZE) {
      twist(state);
      position = 0;
    }
    let y = state[position++]!;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  };
}

function twist(state: Uint32Array): void {
  for (let i = 0; i < SIZE; i++) {
    const y = (state[i]! & 0x80000000) | (state[(i + 1) % SIZE]! & 0x7fffffff);
    state[i] = state[(i + SHIFT) % SIZE]! ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
  }
}
