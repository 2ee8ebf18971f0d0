import { type LatentShape, ProCacheError } from '@procache/core';
import { listedNames } from '@procache/core/untrusted';

/** A network that makes features of images, as distances of sets of images take them. */
export interface FeatureNetwork {
  /** The features of some images, [images, width]. All of them are finite. */
  readonly features: (images: readonly Float32Array[]) => Promise<Float32Array>;
  /** Their width. */
  readonly dimension: () => Promise<number>;
}

/** An open network, such as `openNetwork` of @procache/backend-node gives. */
export interface OpenNetwork {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Gives one of the outputs, [images, ...]. */
  readonly run: (
    inputs: Readonly<Record<string, { readonly data: Float32Array; readonly shape: readonly number[] }>>,
    output: string,
  ) => Promise<{ readonly data: Float32Array; readonly shape: readonly number[] }>;
}

/** Images that go in at a time. */
const BATCH = 64;
/** Of the widest features that are taken: their covariances are matrices of this many rows, in float64. */
const WIDEST = 8192;
/** Names that a message lists. */
const MOST_LISTED = 8;

/**
 * The features that a network makes, whose only input takes images [images, channels, height, width]. They are its
 * output `features`, or its only one. `place` is what messages begin with.
 *
 * @throws {ProCacheError} `invalid-input` where it takes or gives something else.
 */
export function featureNetwork(network: OpenNetwork, shape: LatentShape, place: string): FeatureNetwork {
  const { inputs, outputs } = network;
  const output = outputs.includes('features') ? 'features' : outputs.length === 1 ? outputs[0] : undefined;
  if (inputs.length !== 1 || output === undefined) {
    throw new ProCacheError(
      'invalid-input',
      `${place}: it takes ${namesOf(inputs)} and gives ${namesOf(outputs)}; ` +
        `it must take images alone, and give \`features\``,
    );
  }
  const { channels, height, width } = shape;
  const size = channels * height * width;
  const run = async (images: readonly Float32Array[]): Promise<Float32Array> => {
    const data = new Float32Array(images.length * size);
    images.forEach((image, i) => data.set(image, i * size));
    const made = await network.run({ [inputs[0]!]: { data, shape: [images.length, channels, height, width] } }, output);
    checkShape(made.shape, images.length, place);
    return made.data;
  };
  return {
    async features(images) {
      const parts: Float32Array[] = [];
      for (let i = 0; i < images.length; i += BATCH) parts.push(await run(images.slice(i, i + BATCH)));
      return finite(joined(parts), images.length, place);
    },
    dimension: async () => (await run([new Float32Array(size)])).length,
  };
}

function checkShape(shape: readonly number[], images: number, place: string): void {
  const [rows, ...rest] = shape;
  const width = rest.reduce((product, extent) => product * extent, 1);
  if (rows === images && width >= 1 && width <= WIDEST) return;
  throw new ProCacheError(
    'invalid-input',
    `${place}: of ${images} images it makes [${shape.join(', ')}]; ` +
      `features must be [${images}, width], at most ${WIDEST} wide`,
  );
}

function finite(features: Float32Array, images: number, place: string): Float32Array {
  const wrong = features.findIndex((value) => !Number.isFinite(value));
  if (wrong < 0) return features;
  const width = features.length / images;
  throw new ProCacheError(
    'invalid-input',
    `${place}: feature ${wrong % width} of image ${Math.floor(wrong / width)} is ${features[wrong]!}; ` +
      `a distance needs features that are finite`,
  );
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  parts.reduce((offset, part) => (all.set(part, offset), offset + part.length), 0);
  return all;
}

function namesOf(tensors: readonly string[]): string {
  return listedNames(tensors, { most: MOST_LISTED }) || 'nothing';
}
