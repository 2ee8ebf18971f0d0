import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gaussian } from '@procache/core';
import { type TensorValues, writeSafetensors } from '@procache/model';
import { zooClassifier } from '@procache/zoo';
import { afterAll, describe, expect, it } from 'vitest';
import { openFeatureFiles } from './feature-files.ts';

const folder = await mkdtemp(join(tmpdir(), 'procache-features-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

const latent = { channels: 1, outChannels: 1, height: 32, width: 32 };
const spell = (option: string) => `--${option}`;
const { graph: network, statistics } = zooClassifier('fashion-classifier');
const noise = (seed: number) => gaussian(seed, 32 * 32);

async function file(name: string, tensors: Readonly<Record<string, TensorValues>>): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, writeSafetensors(new Map(Object.entries(tensors))));
  return path;
}

describe('distances of features', () => {
  it('are nothing between the same images, and something between others', async () => {
    const images = Array.from({ length: 70 }, (_, seed) => noise(seed)); // more than the network is given at a time
    const data = await file('images.safetensors', {
      images: { shape: [70, 1, 32, 32], data: Float32Array.from(images.flatMap((image) => [...image])) },
    });
    const { measure, close } = await openFeatureFiles({ network, data }, latent, spell);
    const other = images.map((image) => image.map((value) => 0.2 * value - 1));
    for (const name of ['frechet', 'kernel'] as const) {
      const near = await measure(name).ofSet(images, []);
      expect(Math.abs(near)).toBeLessThan(0.02 * (await measure(name).ofSet(other, [])));
    }
    await close();
  });

  it('are taken from the statistics that ship with the zoo', async () => {
    const { measure, close } = await openFeatureFiles({ network, data: statistics }, latent, spell);
    expect(await measure('frechet').ofSet([noise(0), noise(1), noise(2)], [])).toBeGreaterThan(1);
    await close();
  });

  it('are refused where the data does not fit', async () => {
    const narrow = await file('narrow.safetensors', { features: { shape: [3, 2], data: new Float32Array(6) } });
    await expect(openFeatureFiles({ network, data: narrow }, latent, spell)).rejects.toThrow(
      "`features` is [3, 2], and the network's features are 64 wide",
    );
    const foreign = await file('foreign.safetensors', { logits: { shape: [1, 2], data: new Float32Array(2) } });
    await expect(openFeatureFiles({ network, data: foreign }, latent, spell)).rejects.toThrow(
      'neither `features` nor `mean` and `covariance` nor `images` in it (it has logits)',
    );
    const moments = await file('moments.safetensors', {
      mean: { shape: [64], data: new Float32Array(64) },
      covariance: { shape: [64, 64], data: new Float32Array(4096) },
    });
    const { measure, close } = await openFeatureFiles({ network, data: moments }, latent, spell);
    expect(() => measure('kernel')).toThrow('there are moments only; use frechet');
    await close();
  });

  type Tensors = Readonly<Record<string, readonly [shape: readonly number[], value?: (i: number) => number]>>;
  const tensors = (own: Tensors) =>
    Object.fromEntries(
      Object.entries(own).map(([name, [shape, value = () => 0]]) => [
        name,
        { shape, data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => value(i)) },
      ]),
    );
  const wide = 64;

  const odd: readonly (readonly [message: string, own: Tensors])[] = [
    ['`features` is [0, 64], and a distance of sets needs 2 images or more', { features: [[0, wide]] }],
    ['`features` is [1, 64], and a distance of sets needs 2 images or more', { features: [[1, wide]] }],
    ["`features` is [128], and the network's features are 64 wide", { features: [[128]] }],
    [
      '`features` holds NaN (number 65), and a distance needs numbers that are finite',
      { features: [[3, wide], (i) => (i === 65 ? NaN : 1)] },
    ],
    ['`images` is [0, 1, 32, 32], and a distance of sets needs 2 images or more', { images: [[0, 1, 32, 32]] }],
    ['`images` is [1, 1, 32, 32], and a distance of sets needs 2 images or more', { images: [[1, 1, 32, 32]] }],
    ['`images` is [4, 3, 32, 32], and those of the model are [images, 1, 32, 32]', { images: [[4, 3, 32, 32]] }],
    ['`images` is [4, 1024], and those of the model are [images, 1, 32, 32]', { images: [[4, 1024]] }],
    ['`images` is [], and those of the model are [images, 1, 32, 32]', { images: [[]] }],
    ['`images` holds -Infinity (number 5)', { images: [[2, 1, 32, 32], (i) => (i === 5 ? -Infinity : 0)] }],
    ['there is `mean` in it without `covariance`', { mean: [[wide]] }],
    [
      "`mean` and `covariance` are [64] and [64], and the network's features are 64 wide",
      { mean: [[wide]], covariance: [[wide]] },
    ],
    [
      '`mean` holds Infinity (number 7)',
      { mean: [[wide], (i) => (i === 7 ? Infinity : 0)], covariance: [[wide, wide]] },
    ],
    ['`covariance` holds Infinity (number 0)', { mean: [[wide]], covariance: [[wide, wide], () => Infinity] }],
    [
      '`covariance` has the variance -2 for feature 1, and none is below 0',
      { mean: [[wide]], covariance: [[wide, wide], (i) => (i === wide + 1 ? -2 : 1)] },
    ],
    [
      '`covariance` has 9 for features 2 and 0, and 1 for 0 and 2',
      { mean: [[wide]], covariance: [[wide, wide], (i) => (i === 2 * wide ? 9 : 1)] },
    ],
    ['there is neither `features` nor `mean` and `covariance` nor `images` in it (it has nothing)', {}],
  ];
  it.each(odd)('are refused where there is nothing to measure: %s', async (message, own) => {
    const data = await file('odd.safetensors', tensors(own));
    const opened = openFeatureFiles({ network, data }, latent, spell);
    await expect(opened).rejects.toThrow(`--data ${data}: ${message}`);
    await expect(opened).rejects.toMatchObject({ code: 'invalid-input' });
  });

  it('are refused where the data is no regular file, before anything is read', async () => {
    const message = (path: string) =>
      openFeatureFiles({ network, data: path }, latent, spell).then(
        String,
        (cause: unknown) => (cause as Error).message,
      );
    expect(await message(folder)).toBe(`--data ${folder}: is a folder; give a safetensors file`);
    expect(await message(join(folder, 'none'))).toBe(
      `--data ${join(folder, 'none')}: there is no such file; give a safetensors file`,
    );
    if (process.platform !== 'win32')
      expect(await message('/dev/zero')).toBe('--data /dev/zero: is a device; give a safetensors file');
  });

  it('are refused where the data is no checkpoint', async () => {
    const data = join(folder, 'page.safetensors');
    await writeFile(data, '<!DOCTYPE html><html></html>');
    await expect(openFeatureFiles({ network, data }, latent, spell)).rejects.toThrow(
      `--data ${data}: page.safetensors: this is a web page`,
    );
  });

  it('are refused for fewer than two images', async () => {
    const { measure, close } = await openFeatureFiles({ network, data: statistics }, latent, spell);
    await expect(Promise.resolve().then(() => measure('frechet').ofSet([noise(0)], []))).rejects.toMatchObject({
      code: 'invalid-input',
    });
    await close();
  });
});
