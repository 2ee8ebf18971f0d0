import { ProCacheError } from '@procache/core';
import { featureStatistics, frechetDistanceOfStatistics, kernelDistance } from '@procache/metrics';
import type { SetMeasure } from '@procache/search';
import type { FeatureNetwork } from './feature-network.ts';
import { type FeatureReference, LEAST_IMAGES } from './feature-reference.ts';

/**
 * The distance of the features of images from those of a reference. `place` is what messages begin with.
 *
 * @throws {ProCacheError} `invalid-input` for a kernel distance where the reference has moments only.
 */
export function featureMeasure(
  name: 'frechet' | 'kernel',
  network: FeatureNetwork,
  reference: FeatureReference,
  place: string,
): SetMeasure {
  return name === 'frechet' ? frechet(network, reference) : kernel(network, reference, place);
}

function frechet(network: FeatureNetwork, { statistics, dimension }: FeatureReference): SetMeasure {
  return {
    name: 'frechet',
    better: 'lower',
    judges: 'set',
    ofSet: async (images) =>
      frechetDistanceOfStatistics(featureStatistics(await featuresOf(images, network), dimension), statistics),
  };
}

function kernel(network: FeatureNetwork, { features, dimension }: FeatureReference, place: string): SetMeasure {
  if (!features) {
    throw new ProCacheError(
      'invalid-input',
      `${place}: the kernel distance needs \`features\` or \`images\`, and there are moments only; use frechet`,
    );
  }
  return {
    name: 'kernel',
    better: 'lower',
    judges: 'set',
    ofSet: async (images) => kernelDistance(await featuresOf(images, network), features, dimension),
  };
}

function featuresOf(images: readonly Float32Array[], network: FeatureNetwork): Promise<Float32Array> {
  if (images.length >= LEAST_IMAGES) return network.features(images);
  throw new ProCacheError(
    'invalid-input',
    `a distance of sets needs ${LEAST_IMAGES} images or more, and there is ${images.length}; use more seeds`,
  );
}
