import { ProCacheError, type Schedule } from '@procache/core';
import { checkOptions } from '@procache/core/untrusted';
import type { Evaluator, Objective, Scores, Signal } from './evaluator.ts';

/** Makes the images or latents of some seeds, one per seed. */
export type Render = (
  schedule: Schedule,
  seeds: readonly number[],
  signal?: Signal,
) => Promise<readonly Float32Array[]>;

/** An objective that judges each image beside the uncached one of the same seed. */
export interface ImageMeasure extends Objective {
  readonly judges: 'image';
  readonly of: (image: Float32Array, uncached: Float32Array) => number;
}

/** An objective that judges all images together, against whatever data its maker gave it. */
export interface SetMeasure extends Objective {
  readonly judges: 'set';
  readonly ofSet: (images: readonly Float32Array[], seeds: readonly number[]) => number | Promise<number>;
}

export type Measure = ImageMeasure | SetMeasure;

export interface ComparisonOptions {
  readonly render: Render;
  /** The images without any caching; asked for once per seed. */
  readonly uncached: (seeds: readonly number[], signal?: Signal) => Promise<readonly Float32Array[]>;
  /** The first is the one that a search improves. */
  readonly measures: readonly [Measure, ...Measure[]];
}

/**
 * The mean squared error of a latent against the uncached one from the same noise. Needs no other network, and is
 * paired.
 */
export const LATENT_ERROR: ImageMeasure = {
  name: 'latent-error',
  better: 'lower',
  judges: 'image',
  of: meanSquaredError,
};

/** An evaluator that compares what a schedule makes with what the uncached model makes from the same noise. */
export function comparison(options: ComparisonOptions): Evaluator {
  checkOptions('comparison', options, { render: true, uncached: true, measures: true });
  const { render, uncached, measures } = options;
  const referenceOf = oncePerSeed(uncached);
  return {
    objectives: measures,
    async evaluate(schedule, seeds, signal) {
      const needsReference = measures.some(({ judges }) => judges === 'image');
      const references = needsReference ? await referenceOf(seeds, signal) : [];
      const images = await render(schedule, seeds, signal);
      const scores: [string, Scores[string]][] = [];
      for (const measure of measures) {
        const score =
          measure.judges === 'image'
            ? images.map((image, i) => measure.of(image, references[i]!))
            : await measure.ofSet(images, seeds);
        scores.push([measure.name, score]);
      }
      return Object.fromEntries(scores);
    },
  };
}

/** Asks for each seed once; evaluations that run side by side wait for the same answer. */
function oncePerSeed(
  make: ComparisonOptions['uncached'],
): (seeds: readonly number[], signal?: Signal) => Promise<readonly Float32Array[]> {
  const known = new Map<number, Promise<Float32Array>>();
  return async (seeds, signal) => {
    const missing = seeds.filter((seed) => !known.has(seed));
    if (missing.length > 0) {
      const made = make(missing, signal);
      missing.forEach((seed, i) =>
        known.set(
          seed,
          made.then((images) => images[i]!),
        ),
      );
    }
    try {
      return await Promise.all(seeds.map((seed) => known.get(seed)!));
    } catch (error) {
      seeds.forEach((seed) => known.delete(seed)); // what failed or was stopped is asked for again
      throw error;
    }
  };
}

function meanSquaredError(image: Float32Array, reference: Float32Array): number {
  if (image.length !== reference.length || image.length === 0) {
    throw new ProCacheError(
      'invalid-input',
      `an image of ${image.length} numbers cannot be compared with one of ${reference.length}; render both alike`,
    );
  }
  let sum = 0;
  for (let i = 0; i < image.length; i++) sum += (image[i]! - reference[i]!) ** 2;
  return sum / image.length;
}
