import { type LatentShape, ProCacheError } from '@procache/core';
import { shownName } from '@procache/core/untrusted';
import { type FeatureStatistics, featureStatistics } from '@procache/metrics';
import { type Checkpoint, readFloats, type StoredTensor } from '@procache/model';
import type { FeatureNetwork } from './feature-network.ts';

/** What the images should be like, in features. */
export interface FeatureReference {
  readonly statistics: FeatureStatistics;
  /** [images, dimension]; absent where a file gives moments only. */
  readonly features: Float32Array | undefined;
  readonly dimension: number;
}

/** Where data comes from, and what it has to fit. */
interface Data {
  /** What messages begin with. */
  readonly place: string;
  readonly tensors: Checkpoint['tensors'];
  readonly network: FeatureNetwork;
  readonly dimension: number;
  readonly latent: LatentShape;
}

/** Numbers of the largest tensor that is read: two gibibytes, as much as 50,000 features of 10,000 numbers. */
const MOST_NUMBERS = 2 ** 29;
/** A distance of sets is one of means and covariances, or of pairs. */
export const LEAST_IMAGES = 2;
/** By how much a covariance may differ from its own mirror image, as a share of its largest variance: rounding. */
const ROUNDING = 1e-3;

/**
 * Reads what images should be like, and checks that it fits the network and the model: a checkpoint with `features`
 * [images, width], with `mean` [width] and `covariance` [width, width], or with `images` [images, channels, height,
 * width], of which the network then makes the features. All of it is finite.
 *
 * @throws {ProCacheError} `invalid-input` that names the place, the tensor, and what is wrong with it.
 */
export async function readFeatureReference(
  { tensors }: Pick<Checkpoint, 'tensors'>,
  network: FeatureNetwork,
  latent: LatentShape,
  place: string,
): Promise<FeatureReference> {
  const dimension = await network.dimension();
  const data = { place, tensors, network, dimension, latent };
  const features = await featuresIn(data);
  const statistics = (await momentsIn(data)) ?? (features && featureStatistics(features, dimension));
  if (statistics) return { statistics, features, dimension };
  const some = [...tensors.keys()]
    .slice(0, 5)
    .map((name) => shownName(name))
    .join(', ');
  return refuse(
    data,
    `there is neither \`features\` nor \`mean\` and \`covariance\` nor \`images\` in it (it has ` +
      `${some || 'nothing'}); name the tensors so`,
  );
}

async function featuresIn(data: Data): Promise<Float32Array | undefined> {
  const { tensors, network, dimension, latent } = data;
  const [features, images] = [tensors.get('features'), tensors.get('images')];
  if (features) {
    const [, width] = features.shape;
    if (features.shape.length !== 2 || width !== dimension) {
      refuse(
        data,
        `\`features\` is ${shapeOf(features)}, and the network's features are ${dimension} wide; ` +
          `make them with the same network`,
      );
    }
    return finiteNumbers(data, 'features', features);
  }
  if (!images) return undefined;
  const { channels, height, width } = latent;
  if (images.shape.slice(1).join() !== [channels, height, width].join()) {
    refuse(
      data,
      `\`images\` is ${shapeOf(images)}, and those of the model are [images, ${channels}, ${height}, ${width}]; ` +
        `give images as the model draws them`,
    );
  }
  const values = await finiteNumbers(data, 'images', images);
  const size = channels * height * width;
  return network.features(
    Array.from({ length: images.shape[0]! }, (_, i) => values.subarray(i * size, (i + 1) * size)),
  );
}

async function momentsIn(data: Data): Promise<FeatureStatistics | undefined> {
  const { tensors, dimension } = data;
  const [mean, covariance] = [tensors.get('mean'), tensors.get('covariance')];
  if (!mean && !covariance) return undefined;
  if (!mean || !covariance)
    return refuse(
      data,
      `there is \`${mean ? 'mean' : 'covariance'}\` in it without \`${mean ? 'covariance' : 'mean'}\`; give both`,
    );
  if (mean.shape.join() !== String(dimension) || covariance.shape.join() !== `${dimension},${dimension}`) {
    refuse(
      data,
      `\`mean\` and \`covariance\` are ${shapeOf(mean)} and ${shapeOf(covariance)}, and the network's features ` +
        `are ${dimension} wide; make them with the same network`,
    );
  }
  const numbers = Float64Array.from(await finiteNumbers(data, 'covariance', covariance));
  checkCovariance(data, numbers);
  return { count: Infinity, mean: Float64Array.from(await finiteNumbers(data, 'mean', mean)), covariance: numbers };
}

/** Refuses what is no covariance: variances below 0, or rows that are not also columns. */
function checkCovariance(data: Data, covariance: Float64Array): void {
  const { dimension } = data;
  const at = (row: number, column: number): number => covariance[row * dimension + column]!;
  const variances = Array.from({ length: dimension }, (_, i) => at(i, i));
  const negative = variances.findIndex((variance) => variance < 0);
  if (negative >= 0)
    refuse(
      data,
      `\`covariance\` has the variance ${variances[negative]!} for feature ${negative}, and none is below 0; ` +
        `make it of the features anew`,
    );
  const most = ROUNDING * Math.max(...variances);
  for (let row = 1; row < dimension; row++) {
    const column = Array.from({ length: row }, (_, i) => i).find((i) => Math.abs(at(row, i) - at(i, row)) > most);
    if (column !== undefined) {
      refuse(
        data,
        `\`covariance\` has ${at(row, column)} for features ${row} and ${column}, and ${at(column, row)} for ` +
          `${column} and ${row}; make it of the features anew`,
      );
    }
  }
}

/** The numbers of a tensor; of `features` and `images` there are rows enough for a distance. */
async function finiteNumbers(
  data: Data,
  name: 'features' | 'images' | 'mean' | 'covariance',
  tensor: StoredTensor,
): Promise<Float32Array> {
  const { shape } = tensor;
  const count = shape.reduce((product, extent) => product * extent, 1);
  if (count > MOST_NUMBERS)
    refuse(
      data,
      `\`${name}\` is ${shapeOf(tensor)}, which are ${count} numbers, and the most that are read are ` +
        `${MOST_NUMBERS}; give fewer, or moments`,
    );
  if ((name === 'features' || name === 'images') && shape[0]! < LEAST_IMAGES) {
    refuse(
      data,
      `\`${name}\` is ${shapeOf(tensor)}, and a distance of sets needs ${LEAST_IMAGES} images or more; give more`,
    );
  }
  const values = await readFloats(tensor);
  const wrong = values.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0)
    refuse(
      data,
      `\`${name}\` holds ${values[wrong]!} (number ${wrong}), and a distance needs numbers that are finite; ` +
        `make it anew`,
    );
  return values;
}

function shapeOf({ shape }: StoredTensor): string {
  return `[${shape.join(', ')}]`;
}

function refuse({ place }: Pick<Data, 'place'>, problem: string): never {
  throw new ProCacheError('invalid-input', `${place}: ${problem}`);
}
