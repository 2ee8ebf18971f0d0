// Images and latents, value by value
export { meanSquaredError, psnr, relativeError } from './pixel-error.ts';
export { ssim, type SsimOptions } from './ssim.ts';

// Sets of images, by their features
export { FeatureAccumulator, featureStatistics, type FeatureStatistics } from './feature-statistics.ts';
export { frechetDistance, frechetDistanceOfStatistics } from './frechet-distance.ts';
export {
  kernelDistance,
  kernelDistanceOverSubsets,
  type SubsetDistance,
  type SubsetOptions,
} from './kernel-distance.ts';

// Repeated measurements
export { bootstrapInterval, median, quantile, type BootstrapOptions, type Interval } from './summary.ts';
