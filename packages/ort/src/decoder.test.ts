import { GraphBuilder, type DecoderModel, type Plane } from '@procache/model';
import { Tensor } from 'onnxruntime-common';
import { describe, expect, it } from 'vitest';
import { ortDecoder, type Tiling } from './decoder.ts';
import type { OrtHost } from './host.ts';

/** A decoder of one channel whose pixels are 2 x 2 of a cell; its graph is never run. */
const modelOf = (parameters: number): DecoderModel => ({
  kind: 'autoencoder-kl',
  flavour: 'diffusers',
  latentChannels: 1,
  channels: 1,
  pixels: 2,
  valueRange: [-1, 1],
  scale: 1,
  parameters,
  unreadFields: [],
  tiles: { cells: 100, pixels: 200, overlap: 0.25 },
  graph: () => new GraphBuilder('decoder').build(),
});

/** A host that doubles latents itself, and notes what is done with it. */
function fakeHost(fails = false) {
  const log: string[] = [];
  const host: OrtHost = {
    Tensor,
    open: () => {
      log.push('open');
      return Promise.resolve({
        run: ({ latent }) => {
          const [, , height, width] = latent!.dims as [number, number, number, number];
          log.push(`${height}x${width}`);
          if (fails) return Promise.reject(new Error('it fails'));
          const data = doubled({ channels: 1, height, width, data: latent!.data as Float32Array });
          return Promise.resolve({ image: new Tensor('float32', data, [1, 1, 2 * height, 2 * width]) });
        },
        release: () => Promise.resolve(void log.push('release')),
      });
    },
    free: () => undefined,
  };
  return { host, log };
}

function doubled({ height, width, data }: Plane): Float32Array {
  const side = 2 * width;
  return Float32Array.from(
    { length: 4 * height * width },
    (_, i) => data[Math.floor(i / side / 2) * width + Math.floor((i % side) / 2)]!,
  );
}

const decodes = async (height: number, width: number, tiles: Tiling) => {
  const { host, log } = fakeHost();
  const decoder = ortDecoder(modelOf(1), host, { latent: { height, width }, tiles });
  const data = Float32Array.from({ length: height * width }, (_, i) => i);
  expect(await decoder.decode(data)).toEqual(doubled({ channels: 1, height, width, data }));
  return log.filter((word) => word !== 'open');
};

describe('ortDecoder', () => {
  it('releases the session of a large decoder when the images are made, and keeps that of a small one', async () => {
    const latents = new Float32Array(2 * 4);
    const [large, small] = [fakeHost(), fakeHost()];
    const decoder = ortDecoder(modelOf(50e6), large.host, { latent: { height: 2, width: 2 } });
    await decoder.decode(latents);
    expect(large.log).toEqual(['open', '2x2', '2x2', 'release']);
    await decoder.decode(latents);
    await decoder.dispose();
    expect(large.log.slice(4)).toEqual(['open', '2x2', '2x2', 'release']);
    const other = ortDecoder(modelOf(1e6), small.host, { latent: { height: 2, width: 2 } });
    await other.decode(latents);
    await other.decode(latents);
    expect(small.log).toEqual(['open', '2x2', '2x2', '2x2', '2x2']);
    await other.dispose();
    await other.dispose();
    expect(small.log.slice(5)).toEqual(['release']);
  });

  it('releases it once where two decode at a time, and where decoding fails', async () => {
    const latents = new Float32Array(4);
    const [both, failing] = [fakeHost(), fakeHost(true)];
    const decoder = ortDecoder(modelOf(50e6), both.host, { latent: { height: 2, width: 2 } });
    await Promise.all([decoder.decode(latents), decoder.decode(latents)]);
    expect(both.log).toEqual(['open', '2x2', '2x2', 'release']);
    const other = ortDecoder(modelOf(50e6), failing.host, { latent: { height: 2, width: 2 } });
    await expect(other.decode(latents)).rejects.toThrow('it fails');
    expect(failing.log).toEqual(['open', '2x2', 'release']);
  });

  it('ends after the image under way where it is disposed of, and then opens nothing', async () => {
    const { host, log } = fakeHost();
    const decoder = ortDecoder(modelOf(1e6), host, { latent: { height: 2, width: 2 } });
    const images = decoder.decode(new Float32Array(2 * 4));
    await Promise.all([
      expect(images).rejects.toThrow('the decoder has been disposed of; open it again'),
      decoder.dispose(),
    ]);
    expect(log.filter((word) => word === '2x2').length).toBeLessThan(2);
    expect(log.filter((word) => word === 'release').length).toBe(log.filter((word) => word === 'open').length);
    const taken = log.length;
    await expect(decoder.decode(new Float32Array(4))).rejects.toThrow('the decoder has been disposed of');
    expect(log.length).toBe(taken);
  });

  it('decodes up to 64 x 64 cells whole by default, and more in tiles of at most that', async () => {
    expect(await decodes(64, 64, 'auto')).toEqual(['64x64']);
    expect(await decodes(32, 128, 'auto')).toEqual(['32x128']);
    expect(await decodes(64, 65, 'auto')).toEqual(['64x64', '64x17', '16x64', '16x17']);
    expect(await decodes(64, 65, false)).toEqual(['64x65']);
    expect(await decodes(64, 65, true)).toEqual(['64x65']); // the model's own tiles have 100 cells
  });

  it('decodes in the tiles that are asked for', async () => {
    expect(await decodes(4, 6, { cells: 4, pixels: 8, overlap: 0.5 })).toEqual([
      '4x4',
      '4x4',
      '4x2',
      '2x4',
      '2x4',
      '2x2',
    ]);
    expect(await decodes(4, 4, { cells: 4, pixels: 8, overlap: 0.5 })).toEqual(['4x4']);
  });

  it.each<[Tiling, string]>([
    [{ cells: 0, pixels: 8, overlap: 0.25 }, 'tiles.cells'],
    [{ cells: 4, pixels: 16, overlap: 0.25 }, 'tiles.pixels: 16 pixels are not the image of 4 cells'],
    [{ cells: 4, pixels: 8, overlap: 1 }, 'tiles.overlap'],
    [{ cells: 4, pixels: 8, overlap: 0.25, rows: 2 } as Tiling, 'rows'],
  ])('refuses the tiles %o', (tiles, message) => {
    const latent = { height: 8, width: 8 };
    expect(() => ortDecoder(modelOf(1), fakeHost().host, { latent, tiles })).toThrow(message);
  });
});
