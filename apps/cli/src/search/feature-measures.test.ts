import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gaussian } from '@procache/core';
import { type TensorValues, writeSafetensors } from '@procache/model';
import { zooClassifier } from '@procache/zoo';
import { afterAll, describe, expect, it } from 'vitest';
import { chooseModel } from '../arguments/model-choice.ts';
import { openFeatureMeasures } from './feature-measures.ts';

const folder = await mkdtemp(join(tmpdir(), 'procache-features-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

const chosen = await chooseModel({ model: 'fashion-dit' });
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
    const data = await file('images.safetensors', { images: { shape: [70, 1, 32, 32], data: Float32Array.from(images.flatMap((image) => [...image])) } });
    const { measure, close } = await openFeatureMeasures({ network, data }, chosen);
    const other = images.map((image) => image.map((value) => 0.2 * value - 1));
    for (const name of ['frechet', 'kernel'] as const) {
      const near = await measure(name).ofSet(images, []);
      expect(Math.abs(near)).toBeLessThan(0.02 * (await measure(name).ofSet(other, [])));
    }
    await close();
  });

  it('are taken from the statistics that ship with the zoo', async () => {
    const { measure, close } = await openFeatureMeasures({ network, data: statistics }, chosen);
    expect(await measure('frechet').ofSet([noise(0), noise(1), noise(2)], [])).toBeGreaterThan(1);
    await close();
  });

  it('are refused where the data does not fit', async () => {
    const narrow = await file('narrow.safetensors', { features: { shape: [3, 2], data: new Float32Array(6) } });
    await expect(openFeatureMeasures({ network, data: narrow }, chosen)).rejects.toThrow("`features` is [3, 2], and the network's features are 64 wide");
    const foreign = await file('foreign.safetensors', { logits: { shape: [1, 2], data: new Float32Array(2) } });
    await expect(openFeatureMeasures({ network, data: foreign }, chosen)).rejects.toThrow('neither `features` nor `mean` and `covariance` nor `images` in it (it has logits)');
    const moments = await file('moments.safetensors', { mean: { shape: [64], data: new Float32Array(64) }, covariance: { shape: [64, 64], data: new Float32Array(4096) } });
    const { measure, close } = await openFeatureMeasures({ network, data: moments }, chosen);
    expect(() => measure('kernel')).toThrow('there are moments only; use frechet');
    await close();
  });
});
