import { ProCacheError } from './errors.ts';

/**
 * Numbers uniform in [0, 1), each a multiple of 2^-24, from a seed.
 *
 * The generator is MT19937 (Matsumoto and Nishimura, 1998) seeded and read out as PyTorch does on
 * the CPU, so that a seed means the same noise here and there. Of a seed only the lowest 32 bits
 * count, there as here.
 *
 * @throws {ProCacheError} `invalid-input` for a seed that is not an integer from 0 to 2^53 - 1.
 */
export function uniforms(seed: number): () => number {
  return uniformFrom(mersenneTwister(seed));
}

/**
 * Standard normal numbers from a seed: those of `torch.randn(count, generator=manual_seed(seed))`
 * on the CPU, up to rounding in the last place.
 *
 * @throws {ProCacheError} `invalid-input` for a seed that is not an integer from 0 to 2^53 - 1.
 */
export function gaussian(seed: number, count: number): Float32Array {
  return gaussians(seed)(count);
}

/**
 * A source of standard normal numbers: its calls are those of `torch.randn(count, generator=g)` with one
 * generator `g`, seeded once. Noise for the steps of a sampler comes from here.
 *
 * @throws {ProCacheError} `invalid-input` for a seed that is not an integer from 0 to 2^53 - 1.
 */
export function gaussians(seed: number): (count: number) => Float32Array {
  const next = mersenneTwister(seed);
  const few = oneByOne(next);
  return (count) => (count < 16 ? Float32Array.from({ length: count }, few) : inBlocks(uniformFrom(next), count));
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

/** Unsigned 32-bit numbers from MT19937. */
function mersenneTwister(seed: number): () => number {
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new ProCacheError('invalid-input', `the seed is ${seed}; use an integer from 0 to ${Number.MAX_SAFE_INTEGER}`);
  }
  const state = new Uint32Array(SIZE);
  state[0] = seed; // modulo 2^32
  for (let i = 1; i < SIZE; i++) {
    const previous = state[i - 1]! ^ (state[i - 1]! >>> 30);
    state[i] = Math.imul(1812433253, previous) + i;
  }
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
