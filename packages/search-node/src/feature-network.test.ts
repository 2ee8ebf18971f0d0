import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openFeatureNetwork } from '@procache/objectives';
import { zooClassifier } from '@procache/zoo';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { networkFile } from './feature-files.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'procache-network-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const spell = () => '--feature-network';
const shape = { channels: 1, outChannels: 1, height: 2, width: 2 };
const images = (count: number): readonly Float32Array[] =>
  Array.from({ length: count }, (_, i) => Float32Array.of(i, 1, 2, 3));

/** A field of a protocol buffer: a number, a text, or a message made of fields. */
function field(number: number, value: number | string | readonly Buffer[]): Buffer {
  if (typeof value === 'number') return Buffer.from([...varint(number << 3), value]);
  const bytes = typeof value === 'string' ? Buffer.from(value) : Buffer.concat(value);
  return Buffer.concat([Buffer.from([...varint((number << 3) | 2), ...varint(bytes.length)]), bytes]);
}

const varint = (value: number): readonly number[] =>
  value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))];

const INT64 = 7;
const FLOAT = 1;

/** One node as an ONNX file, with inputs `x` (and `y`) and outputs, [images, 1, 2, 2] in and anything out. */
async function network(
  name: string,
  node: {
    readonly type: string;
    readonly inputs?: readonly string[];
    readonly outputs?: readonly string[];
    readonly attributes?: readonly Buffer[];
    readonly gives?: number;
  },
): Promise<string> {
  const { type, inputs = ['x'], outputs = ['features'], attributes = [], gives = FLOAT } = node;
  const value = (own: string, element: number) => [field(1, own), field(2, [field(1, [field(1, element)])])];
  const graph = [
    field(1, [
      ...inputs.map((own) => field(1, own)),
      ...outputs.map((own) => field(2, own)),
      field(4, type),
      ...attributes,
    ]),
    field(2, 'g'),
    ...inputs.map((own) => field(11, value(own, FLOAT))),
    ...outputs.map((own) => field(12, value(own, gives))),
  ];
  const path = join(folder, `${name}.onnx`);
  await writeFile(path, Buffer.concat([field(1, 8), field(7, graph), field(8, [field(1, ''), field(2, 17)])]));
  return path;
}

const integer = (name: string, value: number) => field(5, [field(1, name), field(3, value), field(20, 2)]);

/** What is said of a network when it is opened and asked for the features of 65 images, without the place. */
async function problemOf(path: string, asked: readonly Float32Array[] = images(65)): Promise<string> {
  const opened = await openFeatureNetwork(networkFile(path, spell), shape).catch((cause: unknown) => cause);
  const thrown =
    opened instanceof Error
      ? opened
      : await (opened as { features: (of: typeof asked) => Promise<unknown> })
          .features(asked)
          .catch((cause: unknown) => cause);
  expect(thrown).toMatchObject({ name: 'ProCacheError' });
  const { message } = thrown as Error;
  expect(message.startsWith(`--feature-network ${path}: `)).toBe(true);
  return message.slice(`--feature-network ${path}: `.length);
}

describe('a feature network', () => {
  it('gives rows of features, in batches, whatever shape the features of an image have', async () => {
    for (const [name, node] of [
      ['flat', { type: 'Flatten' }],
      ['square', { type: 'Identity' }],
    ] as const) {
      const opened = await openFeatureNetwork(networkFile(await network(name, node), spell), shape);
      expect(await opened.dimension()).toBe(4);
      const features = await opened.features(images(130));
      expect([...features.subarray(129 * 4)]).toEqual([129, 1, 2, 3]);
      await opened.close();
    }
  });

  it.skipIf(process.platform === 'win32')('is a regular file', async () => {
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    expect(await problemOf(join(folder, 'pipe'))).toBe('is a pipe; give an ONNX file');
    expect(await problemOf('/dev/zero')).toBe('is a device; give an ONNX file');
    expect(await problemOf(folder)).toBe('is a folder; give an ONNX file');
    expect(await problemOf(join(folder, 'none.onnx'))).toBe('there is no such file; give an ONNX file');
    await writeFile(join(folder, 'empty.onnx'), '');
    expect(await problemOf(join(folder, 'empty.onnx'))).toBe(
      'is 0 bytes long, and an ONNX file has 1 to 2147483647; give an ONNX file',
    );
    await truncate(join(folder, 'empty.onnx'), 2 ** 31);
    expect(await problemOf(join(folder, 'empty.onnx'))).toContain('is 2147483648 bytes long');
    await writeFile(join(folder, 'text.onnx'), 'not a network');
    expect(await problemOf(join(folder, 'text.onnx'))).toMatch(/^ONNX Runtime cannot open it: .*; give an ONNX file$/);
  });

  it('takes images alone, and gives features', async () => {
    expect(await problemOf(await network('two in', { type: 'Add', inputs: ['x', 'y'] }))).toBe(
      'it takes x, y and gives features; it must take images alone, and give `features`',
    );
    const split = await network('two out', { type: 'Split', outputs: ['a', 'b'], attributes: [integer('axis', 3)] });
    expect(await problemOf(split)).toBe('it takes x and gives a, b; it must take images alone, and give `features`');
  });

  it('gives a row for each image, of numbers that are finite and float32', async () => {
    expect(await problemOf(await network('turned', { type: 'Transpose' }))).toBe(
      'of 64 images it makes [2, 2, 1, 64]; features must be [64, width], at most 8192 wide',
    );
    expect(await problemOf(await network('shape', { type: 'Shape', gives: INT64 }))).toBe(
      'its output features is of type int64; it must be float32',
    );
    expect(await problemOf(await network('logarithm', { type: 'Log' }))).toBe(
      'feature 0 of image 0 is -Infinity; a distance needs features that are finite',
    );
    expect(
      await problemOf(await network('root', { type: 'Sqrt' }), [
        Float32Array.of(1, 2, 3, 4),
        Float32Array.of(1, 2, -3, 4),
      ]),
    ).toBe('feature 2 of image 1 is NaN; a distance needs features that are finite');
  });

  it('that is made for other images is refused with their shape', async () => {
    const path = join(zooClassifier('fashion-classifier').folder, 'classifier.onnx');
    expect(await problemOf(path)).toMatch(/^cannot take .* \[64, 1, 2, 2\]: /);
  });
});
