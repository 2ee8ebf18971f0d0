import { bytesSource, openCheckpoint, writeSafetensors } from '@procache/model';
import { describe, expect, it } from 'vitest';
import { noiseIn } from './noise-file.ts';

const latent = { channels: 1, outChannels: 1, height: 2, width: 2 };

async function noiseOf(name: string, shape: readonly number[], data: readonly number[], images = 2) {
  const file = writeSafetensors(new Map([[name, { shape, data: Float32Array.from(data) }]]));
  return noiseIn(await openCheckpoint(bytesSource('noise.safetensors', file)), latent, images);
}

describe('noiseIn', () => {
  it('is the tensor `noise`', async () => {
    expect(await noiseOf('noise', [2, 1, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8])).toEqual(
      Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8),
    );
  });

  it.each([
    ['latents', [1], [1], "there is no tensor 'noise' in it (it has latents); rename the tensor"],
    [
      'noise',
      [1, 1, 2, 2],
      [1, 2, 3, 4],
      'the tensor is [1, 1, 2, 2], but 2 images of this model take [2, 1, 2, 2]; ask for one image for each of noise',
    ],
    ['noise', [2, 1, 2, 2], [1, 2, 3, 4, 5, NaN, 7, 8], 'value 5 of the tensor is NaN; noise is finite'],
  ])('refuses a tensor %s of %j: %j', async (name, shape, data, message) => {
    await expect(noiseOf(name, shape, data)).rejects.toThrow(message);
  });
});
