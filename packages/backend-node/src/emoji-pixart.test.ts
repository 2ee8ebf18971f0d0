import { readFile } from 'node:fs/promises';
import { gaussian } from '@procache/core';
import { bytesSource, openCheckpoint, readFloats } from '@procache/model';
import { zooModel } from '@procache/zoo';
import { expect, it } from 'vitest';
import { openEncoder } from './open-encoder.ts';
import { openPipeline } from './open-pipeline.ts';

const fixture = new URL('../../conformance/fixtures/emoji-pixart/', import.meta.url);
/** The seed of `step_generator(7, 0)` of the training code, from which the noise of a whole grid is drawn. */
const GRID_SEED = 7_000_000_049;
const GRID_IMAGES = 48;
/** Of values in [-1, 1]; that of the fixture's README. */
const TOLERANCE = 1e-4;

it('draws the pictures that the code draws which trained it, from the same captions and noise', async () => {
  const model = zooModel('emoji-pixart');
  const encoder = await openEncoder({ encoder: model.folder }, { tokens: 16, width: 64 });
  const pipeline = await openPipeline(model, { encoder });
  const expected = await imagesIn('expected.safetensors');
  const rows = JSON.parse(await readFile(new URL('captions.json', fixture), 'utf8')) as Row[];
  const size = expected.length / rows.length;
  const grid = gaussian(GRID_SEED, GRID_IMAGES * size);
  const noise = rows.flatMap(({ row }) => [...grid.subarray(row * size, (row + 1) * size)]);
  const conditions = rows.map(({ caption }) => caption);
  const { images } = await pipeline.generate({ conditions, noise: Float32Array.from(noise) });
  await pipeline.dispose();
  expect(images).toHaveLength(expected.length);
  const worst = images.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i]!)), 0);
  expect(worst).toBeLessThan(TOLERANCE);
}, 120_000);

/** A picture by its place in the grid. */
interface Row {
  readonly row: number;
  readonly caption: string;
}

async function imagesIn(file: string): Promise<Float32Array> {
  const { tensors } = await openCheckpoint(bytesSource(file, await readFile(new URL(file, fixture))));
  return readFloats(tensors.get('images')!);
}
