import { describe, expect, it } from 'vitest';
import { featureStatistics } from '@procache/metrics';
import { featureMeasure } from './feature-measures.ts';
import { featureNetwork, type OpenNetwork } from './feature-network.ts';

const latent = { channels: 1, outChannels: 1, height: 1, width: 3 };
/** Features that are the first two pixels. */
const open: OpenNetwork = {
  inputs: ['x'],
  outputs: ['features'],
  run: ({ x }) => {
    const images = x!.shape[0]!;
    const data = Float32Array.from({ length: images * 2 }, (_, i) => x!.data[Math.floor(i / 2) * 3 + (i % 2)]!);
    return Promise.resolve({ data, shape: [images, 2] });
  },
};
const images = Array.from({ length: 70 }, (_, i) => Float32Array.of(Math.sin(i), Math.cos(3 * i), 9));

describe('distances of features', () => {
  it('are taken by any network that is handed over, in batches', async () => {
    const network = featureNetwork(open, latent, 'net');
    const features = await network.features(images);
    expect([features.length, await network.dimension()]).toEqual([140, 2]);
    const reference = { features, statistics: featureStatistics(features, 2), dimension: 2 };
    const other = images.map((image) => image.map((value) => value + 1));
    for (const name of ['frechet', 'kernel'] as const) {
      const { ofSet, judges, better } = featureMeasure(name, network, reference, 'data');
      expect({ judges, better }).toEqual({ judges: 'set', better: 'lower' });
      expect(Math.abs(await ofSet(images, []))).toBeLessThan(0.1);
      expect(await ofSet(other, [])).toBeGreaterThan(1);
      await expect(Promise.resolve().then(() => ofSet(images.slice(1, 2), []))).rejects.toThrow(
        'a distance of sets needs 2 images or more, and there is 1; use more seeds',
      );
    }
  });

  it('say at which place features are missing', () => {
    const network = featureNetwork(open, latent, 'net');
    const reference = { features: undefined, statistics: featureStatistics(new Float32Array(4), 2), dimension: 2 };
    expect(() => featureMeasure('kernel', network, reference, 'data.safetensors')).toThrow(
      'data.safetensors: the kernel distance needs `features` or `images`, and there are moments only; use frechet',
    );
    expect(() => featureNetwork({ ...open, inputs: ['x', 'y'] }, latent, 'net')).toThrow(
      'net: it takes x, y and gives',
    );
  });
});
