import { ProCacheError } from '../errors.ts';
import { MAX_IMAGES } from '../limits.ts';
import { integerOf, listOf, refuse } from '../untrusted/json-reader.ts';
import { exactSeed, gaussians, gaussiansOfWords, lowBits, type Seed } from './random.ts';

/** Standard normal noise for a step, as many numbers as the latent has. Asked for once per step, in order. */
export type NoiseSource = (step: number, length: number) => Float32Array;

/** The noise of one generation: of each image its own, whatever the others are. */
export interface NoiseStreams {
  /** What the images begin with, [images, size]: that of `torch.randn` for each seed. */
  start(size: number): Float32Array;
  /** What a stochastic sampler adds on the way, from its first step; each source begins anew. */
  injected(): NoiseSource;
}

/** The most numbers that the noise of all images has: a gibibyte of them. */
const MAX_NUMBERS = 2 ** 28;

/** From here on the injected noise of a seed has another initialisation than start noise has. */
const UPPER_HALF = 2 ** 31;

/** The second word of that initialisation: "nois" in ASCII. Any would do. */
const INJECTED_WORD = 0x6e6f6973;

/**
 * The noise of some images, one seed each: to begin with, and to inject.
 *
 * Of a seed the lowest 32 bits count, as in PyTorch. The injected noise of a seed whose low bits are below 2^31 is
 * the stream of the seed 2^31 above it. From 2^31 on there is no such seed left, so it is a stream of MT19937 that
 * no seed begins with. Either way it is independent of the noise that the image begins with.
 *
 * @throws {ProCacheError} `invalid-input` for what is not a `Seed`, and for more noise than 2^28 numbers.
 */
export function noiseStreams(seeds: readonly Seed[]): NoiseStreams {
  const all = listOf({ value: seeds, place: 'seeds', code: 'invalid-input' });
  if (all.length > MAX_IMAGES)
    refuse('seeds', `has ${all.length} seeds; make at most ${MAX_IMAGES} images at once`, 'invalid-input');
  seeds.forEach(exactSeed);
  return {
    start: (size) => {
      checkNumbers(seeds.length, size);
      return perImage(seeds.length, size, (image) => gaussians(seeds[image]!)(size));
    },
    injected: () => {
      const streams = seeds.map(injectedStream);
      return (_, length) =>
        perImage(seeds.length, length / seeds.length, (image) => streams[image]!(length / seeds.length));
    },
  };
}

/**
 * The seeds of so many images, the first of which has this one; after the largest seed comes 0. Numbers where they are
 * exact.
 */
export function seedsOf(seed: Seed, images: number): readonly Seed[] {
  const first = exactSeed(seed);
  integerOf({ value: images, place: 'images', code: 'invalid-input' }, 0, MAX_IMAGES);
  return Array.from({ length: images }, (_, image) => {
    const own = BigInt.asUintN(64, first + BigInt(image));
    return own <= Number.MAX_SAFE_INTEGER ? Number(own) : own;
  });
}

function injectedStream(seed: Seed): (count: number) => Float32Array {
  const low = lowBits(seed);
  return low < UPPER_HALF ? gaussians(UPPER_HALF + low) : gaussiansOfWords([low, INJECTED_WORD]);
}

function perImage(images: number, size: number, noiseOf: (image: number) => Float32Array): Float32Array {
  const all = new Float32Array(images * size);
  for (let image = 0; image < images; image++) all.set(noiseOf(image), image * size);
  return all;
}

function checkNumbers(images: number, size: number): void {
  if (images * size <= MAX_NUMBERS) return;
  throw new ProCacheError(
    'invalid-input',
    `${images} images of ${size} numbers begin with ${images * size} numbers of noise; ` +
      `make at most ${MAX_NUMBERS} at once`,
  );
}
