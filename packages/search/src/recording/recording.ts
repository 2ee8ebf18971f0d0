import { forecastWeights, MAX_STEPS, ProCacheError } from '@procache/core';
import {
  booleanOf,
  elementsOf,
  integerOf,
  membersOf,
  pairOf,
  type Placed,
  refuse,
  shown,
} from '@procache/core/untrusted';
import type { ReuseVariant } from '../space/alphabet.ts';
import type { Json } from '../study/json.ts';

/** What is stored for reuse: a span, or without one the features of all branches. */
export type Family = Pick<ReuseVariant, 'span' | 'absolute'>;

/** What an uncached trajectory tells about all schedules: see `record`. */
export interface Recording {
  readonly steps: number;
  readonly families: readonly Family[];
  /** How far an error of the output at each step moves the final latent. */
  readonly reach: readonly number[];
  /**
   * Of each image, the inner products of the features: [families * steps, families * steps], per number of the latent.
   */
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
  const odd = recordings.find(
    ({ steps, families }) => steps !== first.steps || JSON.stringify(families) !== JSON.stringify(first.families),
  );
  if (odd)
    throw new ProCacheError(
      'invalid-input',
      `recordings of ${odd.steps} and ${first.steps} steps, or of other features, cannot be joined; record alike`,
    );
  const images = recordings.reduce((sum, { products }) => sum + products.length, 0);
  return {
    ...first,
    reach: first.reach.map((_, step) =>
      recordings.reduce((sum, { reach, products }) => sum + reach[step]! * (products.length / images), 0),
    ),
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

/**
 * The farthest that an error reaches, and the largest product of features: of float32 numbers, and so that every
 * prediction is finite.
 */
const MOST_REACH = 1e40;
const MOST_PRODUCT = 1e80;

/**
 * Refuses a recording of which nothing could be predicted: one that holds a number that is not finite, or as good as
 * that.
 *
 * @throws {ProCacheError} `execution-failed` that names the step or the image.
 */
export function checkRecorded(recording: Recording): Recording {
  const { reach, products } = recording;
  const step = reach.findIndex((value) => !(value <= MOST_REACH));
  const image = products.findIndex((own) => !own.every((product) => Math.abs(product) <= MOST_PRODUCT));
  if (step < 0 && image < 0) return recording;
  const what =
    step >= 0
      ? `how far an error of step ${step} reaches is ${reach[step]!}`
      : `image ${image} has features that are too large`;
  throw new ProCacheError(
    'execution-failed',
    `the recording cannot be used: ${what}, as the model's outputs are too large or no numbers; ` +
      `check the model, or search without a recording (anneal, halving)`,
  );
}

/** A recording as JSON: of the products, which are symmetric, one half. */
export function recordingToJson({ steps, families, reach, products }: Recording): Json {
  const count = families.length * steps;
  const half = (own: Float64Array): readonly number[] =>
    Array.from(own).filter((_, i) => i % count <= Math.floor(i / count));
  return { steps, families: families.map((family) => ({ ...family })), reach, products: products.map(half) };
}

/**
 * The recording that `recordingToJson` wrote down.
 *
 * @throws {ProCacheError} for anything else, with the place: `recording.reach[7]: null is not a number of at least 0`.
 */
export function recordingFromJson(
  json: unknown,
  { place = 'recording', code = 'invalid-input' }: Partial<Omit<Placed, 'value'>> = {},
): Recording {
  const members = membersOf({ value: json, place, code }, ['steps', 'families', 'reach', 'products']);
  const at = (name: keyof Recording): Placed => ({ value: members[name], place: `${place}.${name}`, code });
  const steps = integerOf(at('steps'), 1, MAX_STEPS);
  const families = elementsOf(at('families')).map(familyIn);
  const reach = numbersIn(at('reach'), steps, `does not hold ${steps} steps`, [0, MOST_REACH]);
  const count = families.length * steps;
  const products = elementsOf(at('products')).map((own) =>
    symmetric(
      numbersIn(own, (count * (count + 1)) / 2, `does not hold ${count} features of each image`, [
        -MOST_PRODUCT,
        MOST_PRODUCT,
      ]),
      count,
    ),
  );
  return { steps, families, reach, products };
}

function familyIn(placed: Placed): Family {
  const { place, code } = placed;
  const { span, absolute } = membersOf(placed, ['span', 'absolute']);
  if (span === undefined)
    return absolute === undefined ? {} : refuse(`${place}.absolute`, 'says nothing without a span', code);
  const range = pairOf({ value: span, place: `${place}.span`, code }, 0, '[first, last] of blocks');
  return {
    span: range,
    ...(absolute !== undefined && { absolute: booleanOf({ value: absolute, place: `${place}.absolute`, code }) }),
  };
}

/** A list of so many numbers of a closed range. */
function numbersIn(
  { value, place, code }: Placed,
  length: number,
  problem: string,
  [least, most]: readonly [number, number],
): readonly number[] {
  if (!Array.isArray(value) || value.length !== length)
    return refuse(place, `the recording ${problem}; record it again`, code);
  return value.map((element: unknown, i) => {
    if (typeof element === 'number' && element >= least && element <= most) return element;
    return refuse(`${place}[${i}]`, `${shown(element)} is not between ${least} and ${most}; record it again`, code);
  });
}

/** A whole matrix, [count, count], of its lower half. */
function symmetric(half: readonly number[], count: number): Float64Array {
  const whole = new Float64Array(count * count);
  let next = 0;
  for (let row = 0; row < count; row++) {
    for (let column = 0; column <= row; column++)
      whole[row * count + column] = whole[column * count + row] = half[next++]!;
  }
  return whole;
}
