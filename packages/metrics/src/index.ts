// Images and latents, value by value
export { meanSquaredError, psnr, relativeError } from './pixel-error.ts';
export { ssim, SSIM_WINDOW, type SsimOptions } from './ssim.ts';

// Sets of images, by their features
export { FeatureAccumulator, featureStatistics, type FeatureStatistics } from './feature-statistics.ts';
export { frechetDistance, frechetDistanceOfStatistics } from './frechet-distance.ts';
export { kernelDistance } from './kernel-distance.ts';
