/// <reference types="node" />
import { readFile } from 'node:fs/promises';
import { openCheckpoint, readFloats } from '@procache/model';
import { describe, expect, it } from 'vitest';
import { binnedSize } from './binned-size.ts';
import { resizedAndCropped, resizedDecoder } from './resized.ts';

const folder = new URL('../../conformance/fixtures/pipelines/binning/', import.meta.url);

interface Expected {
  readonly bins: Readonly<Record<string, Readonly<Record<string, readonly [height: number, width: number]>>>>;
}

const { bins } = JSON.parse(await readFile(new URL('expected.json', folder), 'utf8')) as Expected;

describe('binnedSize', () => {
  it.each(
    Object.entries(bins).flatMap(([sampleSize, sizes]) =>
      Object.entries(sizes).map(([asked, drawn]) => [Number(sampleSize), asked, drawn] as const),
    ),
  )('draws for sample_size %d and %s what diffusers draws', (sampleSize, asked, [height, width]) => {
    const [askedHeight, askedWidth] = asked.split('x').map(Number) as [number, number];
    expect(binnedSize({ height: askedHeight, width: askedWidth }, sampleSize * 8)).toEqual({ height, width });
  });

  it('has more bins for 2K, and takes the flatter of two that are as near', () => {
    expect(binnedSize({ height: 2890, width: 1000 }, 2048)).toEqual({ height: 3328, width: 1152 });
    expect(binnedSize({ height: 2890, width: 1000 }, 1024)).toEqual({ height: 1728, width: 576 });
    expect(binnedSize({ height: 7, width: 2 }, 1024)).toEqual({ height: 1728, width: 576 }); // between 3 and 4
  });
});

describe('resizedAndCropped', async () => {
  const bytes = await readFile(new URL('expected.safetensors', folder));
  const read = (offset: number, length: number) => Promise.resolve(bytes.subarray(offset, offset + length));
  const { tensors } = await openCheckpoint({ name: 'expected', size: bytes.length, read });
  const imagesOf = async (name: string) => {
    const tensor = tensors.get(name)!;
    const [, channels, height, width] = tensor.shape as [number, number, number, number];
    return { channels, height, width, values: await readFloats(tensor) };
  };

  it.each(['resize0', 'resize1'])('gives what diffusers gives of %s', async (name) => {
    const wanted = await imagesOf(`${name}.output`);
    const resized = resizedAndCropped(await imagesOf(`${name}.input`), wanted);
    expect(resized).toHaveLength(wanted.values.length);
    const worst = resized.reduce((most, value, i) => Math.max(most, Math.abs(value - wanted.values[i]!)), 0);
    expect(worst).toBeLessThanOrEqual(1e-5);
  });

  it('is a decoder around a decoder, and nothing where the sizes agree', async () => {
    const decoder = {
      image: { channels: 1, height: 2, width: 2, valueRange: [0, 1] as const },
      decode: (latents: Float32Array) => Promise.resolve(latents),
      dispose: () => Promise.resolve(),
    };
    expect(resizedDecoder(decoder, { height: 2, width: 2 })).toBe(decoder);
    const larger = resizedDecoder(decoder, { height: 2, width: 4 });
    expect(larger.image).toEqual({ channels: 1, height: 2, width: 4, valueRange: [0, 1] });
    const images = await larger.decode(Float32Array.of(0, 1, 0, 1, 1, 1, 1, 1));
    expect([...images]).toEqual([0, 0.25, 0.75, 1, 0, 0.25, 0.75, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
  });
});
