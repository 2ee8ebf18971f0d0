import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bytesSource, type Checkpoint, openCheckpoint, readFloats } from '@procache/model';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { beforeAll, describe, expect, it } from 'vitest';
import { zooClassifier } from './classifier.ts';

const classifier = zooClassifier('fashion-classifier');
const { channels, classes, size, width } = classifier;

/** The bytes of a fixture's pictures or labels, after its heading of so many. */
async function fixture(name: string, heading: number): Promise<Uint8Array> {
  return (await readFile(fileURLToPath(new URL(`../fixtures/fashion-mnist/${name}`, import.meta.url)))).subarray(
    heading,
  );
}

/** Pictures of 28x28 bytes as the models draw them: [images, 1, 32, 32] in [-1, 1], the border black. */
function padded(bytes: Uint8Array): Tensor {
  const count = bytes.length / 28 ** 2;
  const images = new Float32Array(count * size ** 2).fill(-1);
  bytes.forEach((byte, i) => {
    const [image, row, column] = [Math.floor(i / 28 ** 2), Math.floor(i / 28) % 28, i % 28];
    images[(image * size + row + 2) * size + column + 2] = byte / 127.5 - 1;
  });
  return new Tensor('float32', images, [count, channels, size, size]);
}

const rows = (values: Float32Array, length: number): Float32Array[] =>
  Array.from({ length: values.length / length }, (_, row) => values.subarray(row * length, (row + 1) * length));

describe('zooClassifier', () => {
  it('knows its names, and nothing else', () => {
    expect(zooClassifier('fashion-classifier').classes).toHaveLength(10);
    expect(zooClassifier('fashion-dit')).toBeUndefined();
  });

  it('says what config.json says', async () => {
    const config: unknown = JSON.parse(await readFile(join(classifier.folder, 'config.json'), 'utf8'));
    expect(config).toMatchObject({ channels, size, width, classes, value_range: [-1, 1] });
  });

  it('is smaller than a megabyte', async () => {
    expect((await stat(classifier.graph)).size).toBeLessThan(1e6);
  });
});

describe('fashion-classifier', () => {
  let logits: Float32Array;
  let features: Float32Array;
  let statistics: Checkpoint;

  beforeAll(async () => {
    const session = await InferenceSession.create(classifier.graph, { intraOpNumThreads: 1 });
    const outputs = await session.run({ images: padded(await fixture('images-idx3-ubyte', 16)) });
    logits = outputs['logits']!.data as Float32Array;
    features = outputs['features']!.data as Float32Array;
    await session.release();
    statistics = await openCheckpoint(bytesSource('statistics.safetensors', await readFile(classifier.statistics)));
  });

  it('recognises at least 18 of 20 test pictures', async () => {
    const guesses = rows(logits, classes.length).map((row) => row.indexOf(Math.max(...row)));
    const labels = await fixture('labels-idx1-ubyte', 8);
    expect(guesses.filter((guess, i) => guess === labels[i]).length).toBeGreaterThanOrEqual(18);
  });

  it('gives the features whose statistics ship with it', async () => {
    const stored = await readFloats(statistics.tensors.get('features')!);
    // They are stored in fp16, with 11 bits of values below 8, and came from another runtime.
    features.forEach((value, i) => expect(Math.abs(value - stored[i]!)).toBeLessThan(0.01));
  });

  it('ships a mean and a covariance of the width of its features', async () => {
    expect(statistics.tensors.get('mean')!.shape).toEqual([width]);
    const covariance = rows(await readFloats(statistics.tensors.get('covariance')!), width);
    for (let i = 0; i < width; i++) {
      expect(covariance[i]![i]).toBeGreaterThanOrEqual(0);
      for (let j = 0; j < i; j++) expect(covariance[i]![j]).toBeCloseTo(covariance[j]![i]!, 5);
    }
  });
});
