// How like its uncached self an image looks
export { hasRoomForSsim, pixelMeasure } from './pixel-measures.ts';

// How near the features of a set of images are to those of others
export { featureNetwork, type FeatureNetwork, type OpenNetwork } from './feature-network.ts';
export { type FeatureReference, readFeatureReference } from './feature-reference.ts';
export { featureMeasure } from './feature-measures.ts';
export {
  openFeatureMeasures,
  openFeatureNetwork,
  type ClosableNetwork,
  type ClosableSource,
  type FeatureFile,
  type FeatureMeasures,
} from './open-feature-measures.ts';
