import { forecastWeights, ProCacheError } from '@procache/core';
import type { ReuseVariant } from '../space/alphabet.ts';
import type { Json } from '../study/header.ts';

/** What is stored for reuse: a span, or without one the features of all branches. */
export type Family = Pick<ReuseVariant, 'span' | 'absolute'>;

/** What an uncached trajectory tells about all schedules: see `record`. */
export interface Recording {
  readonly steps: number;
  readonly families: readonly Family[];
  /** How far an error of the output at each step moves the final latent. */
  readonly reach: readonly number[];
  /** Of each image, the inner products of the features: [families * steps, families * steps], per number of the latent. */
  readonly products: readonly Float64Array[];
}

/** The family of features that a variant reuses. */
export function familyOf({ span, absolute }: ReuseVariant): Family {
  return span ? { span, ...(absolute && { absolute }) } : {};
}

/** The weights of a forecast, as the engine will have them. `nodes` are the computed steps, newest first. */
export function forecastFrom(
  nodes: readonly number[],
  step: number,
  { order = 0, forecast }: Pick<ReuseVariant, 'order' | 'forecast'>,
): readonly number[] {
  return forecastWeights(nodes, step, order, forecast);
}

/** Recordings of different images as one: what one recording of all of them would be, but for how reach is averaged. */
export function joinedRecordings(recordings: readonly [Recording, ...Recording[]]): Recording {
  const [first] = recordings;
  const odd = recordings.find(({ steps, families }) => steps !== first.steps || JSON.stringify(families) !== JSON.stringify(first.families));
  if (odd) throw new ProCacheError('invalid-input', `recordings of ${odd.steps} and ${first.steps} steps, or of other features, cannot be joined; record alike`);
  const images = recordings.reduce((sum, { products }) => sum + products.length, 0);
  return {
    ...first,
    reach: first.reach.map((_, step) => recordings.reduce((sum, { reach, products }) => sum + reach[step]! * (products.length / images), 0)),
    products: recordings.flatMap(({ products }) => products),
  };
}

/** Digits that a recording keeps: float32 has no more. */
const DIGITS = 7;

/**
 * A recording with as many digits as it is written down with.
 *
 * So that a search which has just recorded sees the numbers that a resumed one will read.
 */
export function rounded({ reach, products, ...rest }: Recording): Recording {
  const short = (value: number): number => Number(value.toPrecision(DIGITS));
  return { ...rest, reach: reach.map(short), products: products.map((own) => own.map(short)) };
}

/** A recording as JSON: of the products, which are symmetric, one half. */
export function recordingToJson({ steps, families, reach, products }: Recording): Json {
  const count = families.length * steps;
  const half = (own: Float64Array): readonly number[] => Array.from(own).filter((_, i) => i % count <= Math.floor(i / count));
  return { steps, families: families as unknown as Json, reach, products: products.map(half) };
}

/** The recording that `recordingToJson` wrote down. */
export function recordingFromJson(json: Json): Recording {
  const { steps, families, reach, products } = json as unknown as Omit<Recording, 'products'> & {
    readonly products: readonly (readonly number[])[];
  };
  const count = families.length * steps;
  if (products.some((half) => half.length !== (count * (count + 1)) / 2)) {
    throw new ProCacheError('invalid-input', `the recording does not hold ${count} features of each image; record it again`);
  }
  const whole = (half: readonly number[]): Float64Array =>
    Float64Array.from({ length: count * count }, (_, i) => {
      const [a, b] = [Math.max(Math.floor(i / count), i % count), Math.min(Math.floor(i / count), i % count)];
      return half[(a * (a + 1)) / 2 + b]!;
    });
  return { steps, families, reach, products: products.map(whole) };
}
