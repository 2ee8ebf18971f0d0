import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { bytesSource, type Checkpoint, openCheckpoint, readFloats } from '@procache/model';
import { ProCacheError } from '@procache/core';
import { type FeatureStatistics, featureStatistics, frechetDistanceOfStatistics, kernelDistance } from '@procache/metrics';
import type { SetMeasure } from '@procache/search';
import type { ChosenModel } from '../arguments/model-choice.ts';
import { type FeatureNetwork, openFeatureNetwork } from './feature-network.ts';

/** The two distances of features, and their network. */
export interface FeatureMeasures {
  /** @throws {ProCacheError} for a kernel distance where the data has moments only. */
  readonly measure: (name: 'frechet' | 'kernel') => SetMeasure;
  readonly close: () => Promise<void>;
}

/** What the images should be like, in features. */
interface Reference {
  readonly statistics: FeatureStatistics;
  /** [images, dimension]; absent where a file gives moments only. */
  readonly features: Float32Array | undefined;
  readonly dimension: number;
}

/**
 * Opens the network and the data, and checks that the one fits the other and both fit the model.
 *
 * The data is a safetensors file with `features` [images, width], with `mean` [width] and `covariance` [width, width], or with
 * `images` [images, channels, height, width], of which the network then makes the features.
 */
export async function openFeatureMeasures(files: { readonly network: string; readonly data: string }, { model }: ChosenModel): Promise<FeatureMeasures> {
  const network = await openFeatureNetwork(files.network, model.latent);
  try {
    const reference = await readReference(files.data, network);
    return { measure: (name) => (name === 'frechet' ? frechet(network, reference) : kernel(network, reference, files.data)), close: network.close };
  } catch (cause) {
    await network.close();
    throw cause;
  }
}

function frechet(network: FeatureNetwork, { statistics, dimension }: Reference): SetMeasure {
  return {
    name: 'frechet',
    better: 'lower',
    judges: 'set',
    ofSet: async (images) => frechetDistanceOfStatistics(featureStatistics(await network.features(images), dimension), statistics),
  };
}

function kernel(network: FeatureNetwork, { features, dimension }: Reference, path: string): SetMeasure {
  if (!features) {
    throw new ProCacheError('invalid-input', `--data ${path}: the kernel distance needs \`features\` or \`images\`, and there are moments only; use frechet`);
  }
  return {
    name: 'kernel',
    better: 'lower',
    judges: 'set',
    ofSet: async (images) => kernelDistance(await network.features(images), features, dimension),
  };
}

async function readReference(path: string, network: FeatureNetwork): Promise<Reference> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw new ProCacheError('invalid-input', `--data ${path}: cannot be read; give the path of a safetensors file`, { cause });
  });
  const { tensors } = await openCheckpoint(bytesSource(basename(path), bytes));
  const dimension = await network.dimension();
  const features = await featuresIn(tensors, network, path, dimension);
  const moments = await momentsIn(tensors, dimension);
  const statistics = moments ?? (features && featureStatistics(features, dimension));
  if (!statistics) {
    const some = [...tensors.keys()].slice(0, 5).join(', ');
    throw new ProCacheError('invalid-input', `--data ${path}: there is neither \`features\` nor \`mean\` and \`covariance\` nor \`images\` in it (it has ${some}); name the tensors so`);
  }
  return { statistics, features, dimension };
}

async function featuresIn(tensors: Checkpoint['tensors'], network: FeatureNetwork, path: string, dimension: number): Promise<Float32Array | undefined> {
  const [features, images] = [tensors.get('features'), tensors.get('images')];
  if (features) {
    if (features.shape.length !== 2 || features.shape[1] !== dimension) {
      throw new ProCacheError('invalid-input', `--data ${path}: \`features\` is [${features.shape.join(', ')}], and the network's features are ${dimension} wide; make them with the same network`);
    }
    return readFloats(features);
  }
  if (!images) return undefined;
  const values = await readFloats(images);
  const size = values.length / images.shape[0]!;
  return network.features(Array.from({ length: images.shape[0]! }, (_, i) => values.subarray(i * size, (i + 1) * size)));
}

async function momentsIn(tensors: Checkpoint['tensors'], dimension: number): Promise<FeatureStatistics | undefined> {
  const [mean, covariance] = [tensors.get('mean'), tensors.get('covariance')];
  if (!mean || !covariance) return undefined;
  if (mean.shape.join() !== String(dimension) || covariance.shape.join() !== `${dimension},${dimension}`) {
    throw new ProCacheError('invalid-input', `--data: \`mean\` and \`covariance\` are [${mean.shape.join(', ')}] and [${covariance.shape.join(', ')}], and the network's features are ${dimension} wide; make them with the same network`);
  }
  return { count: Infinity, mean: Float64Array.from(await readFloats(mean)), covariance: Float64Array.from(await readFloats(covariance)) };
}
