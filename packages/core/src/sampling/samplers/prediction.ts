import { ProCacheError } from '../../errors.ts';
import { nameOf } from '../../untrusted/json-reader.ts';
import { checkFloats } from '../../untrusted/numbers.ts';
import { checkOptions } from '../../untrusted/options.ts';
import { checkShape, type LatentShape } from '../latent-shape.ts';
import { checkLevel, type Level } from '../level.ts';
import { checkClip, type Clip, clipImages } from './clip.ts';
import { PREDICTION_KINDS, type PredictionKind } from './settings.ts';

/** What a model says about a latent. All [images, channels, height, width]. */
export interface Prediction {
  readonly clean: Float64Array;
  readonly noise: Float32Array | Float64Array;
  /** Where between its bounds the variance lies, -1 to 1; absent where the model does not say. */
  readonly variance: Float32Array | undefined;
}

export interface PredictionOptions {
  /** Where an image's output is longer than its latent, the rest is variance. */
  readonly shape: LatentShape;
  readonly kind: PredictionKind;
  readonly clip?: Clip | undefined;
}

/**
 * What a model's output, [images, outChannels, height, width], says about the latent `x` that it was given.
 *
 * The arithmetic is float64.
 *
 * @throws {ProCacheError} `invalid-input` where the output is not that of this latent, or the range of the clip is
 * none.
 */
export function predictionOf(
  output: Float32Array,
  x: Float32Array,
  level: Level,
  options: PredictionOptions,
): Prediction {
  checkOptions('predictionOf', options, { shape: true, kind: true, clip: true });
  const { shape, kind, clip } = options;
  checkFloats(output, 'output');
  checkFloats(x, 'x');
  checkLevel({ value: level, place: 'level', code: 'invalid-input' });
  checkShape(shape);
  nameOf({ value: kind, place: 'kind', code: 'invalid-input' }, PREDICTION_KINDS);
  checkClip(clip, 'clip');
  const { said, variance } = splitOutput(output, x.length, shape);
  const { signal, noise } = level;
  const clean = cleanOf(said, x, level, kind);
  if (clip === undefined) return { clean, noise: noiseOf(said, x, level, kind), variance };
  // Where no noise is left there is none to derive.
  const predicted = clip.noise === 'predicted' || noise === 0 ? noiseOf(said, x, level, kind) : undefined;
  clipImages(clean, clip, shape.channels * shape.height * shape.width);
  return { clean, noise: predicted ?? clean.map((own, i) => (x[i]! - signal * own) / noise), variance };
}

function cleanOf(
  said: Float32Array,
  x: Float32Array,
  { signal, noise, velocity: [ofClean, ofNoise] }: Level,
  kind: PredictionKind,
): Float64Array {
  switch (kind) {
    case 'epsilon':
      return weighted(x, 1 / signal, said, -noise / signal);
    case 'sample':
      return Float64Array.from(said);
    case 'velocity': {
      const area = signal * ofNoise - noise * ofClean;
      return weighted(x, ofNoise / area, said, -noise / area);
    }
  }
}

function noiseOf(
  said: Float32Array,
  x: Float32Array,
  { signal, noise, velocity: [ofClean, ofNoise] }: Level,
  kind: PredictionKind,
): Float32Array | Float64Array {
  switch (kind) {
    case 'epsilon':
      return said;
    case 'sample':
      return weighted(x, 1 / noise, said, -signal / noise);
    case 'velocity': {
      const area = signal * ofNoise - noise * ofClean;
      return weighted(x, -ofClean / area, said, signal / area);
    }
  }
}

/** `a * x + b * y`. */
function weighted(x: Float32Array, a: number, y: Float32Array, b: number): Float64Array {
  const sum = new Float64Array(x.length);
  for (let i = 0; i < sum.length; i++) sum[i] = a * x[i]! + b * y[i]!;
  return sum;
}

/** Splits an output into what the model says about the latent's `length` numbers, and the variance after it. */
function splitOutput(output: Float32Array, length: number, { channels, outChannels, height, width }: LatentShape) {
  const [size, stride] = [channels * height * width, outChannels * height * width];
  if (output.length * size !== length * stride) {
    throw new ProCacheError(
      'invalid-input',
      `the model returned ${output.length} numbers for a latent of ${length}, where ${outChannels} channels for ` +
        `${channels} make ` +
        `${(length / channels) * outChannels}; check the sampler's shape`,
    );
  }
  if (outChannels === channels) return { said: output, variance: undefined };
  const part = (offset: number): Float32Array => {
    const values = new Float32Array(length);
    for (let image = 0; image * size < length; image++) {
      values.set(output.subarray(image * stride + offset, image * stride + offset + size), image * size);
    }
    return values;
  };
  return { said: part(0), variance: outChannels === 2 * channels ? part(size) : undefined };
}
