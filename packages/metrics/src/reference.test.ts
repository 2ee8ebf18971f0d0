// Numbers printed by `/usr/bin/python3 packages/metrics/test/reference.py` (numpy 1.24.2, scipy 1.10.1, scikit-image
// 0.19.3).
import { expect, test } from 'vitest';
import { featureStatistics, frechetDistance, frechetDistanceOfStatistics, kernelDistance, ssim } from './index.ts';

/** Park and Miller's generator: its products stay below 2^53, so Python and JavaScript agree on every digit. */
function parkMiller(seed: number, count: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: count }, () => (state = (state * 16807) % 2147483647) / 2147483647);
}

const image = parkMiller(1, 3 * 20 * 17); // [3, 20, 17]
const noise = parkMiller(2, 3 * 20 * 17);
const noisy = image.map((value, i) => value + Math.fround(0.25 * noise[i]!));

/** The top left of the first plane: `[1, size, size]`. */
const corner = (plane: Float32Array, size: number): Float32Array =>
  Float32Array.from({ length: size * size }, (_, i) => plane[Math.floor(i / size) * 17 + (i % size)]!);

test('ssim equals scikit-image', () => {
  expect(ssim(image, noisy, { channels: 3, height: 20, width: 17, peak: 1 })).toBeCloseTo(0.9443635669045038, 12);
  const smallest = { channels: 1, height: 11, width: 11, peak: 1 };
  expect(ssim(corner(image, 11), corner(noisy, 11), smallest)).toBeCloseTo(0.9442032622916143, 12);
});

const a = parkMiller(3, 40 * 6);
const b = parkMiller(4, 30 * 6).map((value) => value * value);

test('the Frechet distance equals scipy.linalg.sqrtm', () => {
  expect(frechetDistance(a, b, 6)).toBeCloseTo(0.21365296649894897, 12);
  expect(frechetDistance(b, a, 6)).toBeCloseTo(0.21365296649894897, 12);
});

test('the Frechet distance of singular covariances equals the one by singular values', () => {
  const few = parkMiller(5, 8 * 24);
  const fewer = parkMiller(6, 5 * 24);
  expect(frechetDistance(few, fewer, 24)).toBeCloseTo(3.1014508113086006, 10);
  const swapped = frechetDistanceOfStatistics(
    { ...featureStatistics(few, 24), count: 99 },
    featureStatistics(fewer, 24),
  );
  expect(swapped).toBeCloseTo(3.1014508113086006, 6);
});

test('the kernel distance equals numpy', () => {
  expect(kernelDistance(a, b, 6)).toBeCloseTo(0.12374653379541645, 12);
});
