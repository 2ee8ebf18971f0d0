import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { type LatentShape, ProCacheError } from '@procache/core';
import { InferenceSession, Tensor } from 'onnxruntime-node';

/** A network that makes features of images, as distances of sets of images take them. */
export interface FeatureNetwork {
  /** The features of some images, [images, width]. */
  readonly features: (images: readonly Float32Array[]) => Promise<Float32Array>;
  /** Their width. */
  readonly dimension: () => Promise<number>;
  readonly close: () => Promise<void>;
}

/** Images that go in at a time. */
const BATCH = 64;

/** Opens an ONNX file whose only input takes images [images, channels, height, width]. The features are its output `features`, or its only one. */
export async function openFeatureNetwork(path: string, shape: LatentShape): Promise<FeatureNetwork> {
  if (!(await stat(path).catch(() => undefined))) {
    throw new ProCacheError('invalid-input', `--feature-network: there is no file ${path}; give an ONNX file`);
  }
  const session = await InferenceSession.create(path, { intraOpNumThreads: 1 }).catch((cause: unknown) => {
    throw new ProCacheError('invalid-input', `--feature-network ${path}: ONNX Runtime cannot open it: ${messageOf(cause)}; give an ONNX file`, { cause });
  });
  const { inputNames, outputNames } = session;
  const output = outputNames.includes('features') ? 'features' : outputNames.length === 1 ? outputNames[0]! : undefined;
  if (inputNames.length !== 1 || output === undefined) {
    await session.release();
    throw new ProCacheError(
      'invalid-input',
      `--feature-network ${basename(path)}: it takes ${inputNames.join(', ')} and gives ${outputNames.join(', ')}; it must take images alone, and give \`features\``,
    );
  }
  const run = async (images: readonly Float32Array[]): Promise<Tensor> => {
    const { channels, height, width } = shape;
    const data = new Float32Array(images.length * channels * height * width);
    images.forEach((image, i) => data.set(image, i * channels * height * width));
    const tensor = new Tensor('float32', data, [images.length, channels, height, width]);
    const results = await session.run({ [inputNames[0]!]: tensor }, [output]).catch((cause: unknown) => {
      throw new ProCacheError('invalid-input', `--feature-network ${basename(path)}: cannot take images of ${channels}x${height}x${width}: ${messageOf(cause)}`, { cause });
    });
    return results[output] as Tensor;
  };
  return {
    async features(images) {
      const parts: Float32Array[] = [];
      for (let i = 0; i < images.length; i += BATCH) parts.push((await run(images.slice(i, i + BATCH))).data as Float32Array);
      return joined(parts);
    },
    dimension: async () => (await run([new Float32Array(shape.channels * shape.height * shape.width)])).size,
    close: () => session.release(),
  };
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  parts.reduce((offset, part) => (all.set(part, offset), offset + part.length), 0);
  return all;
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message.split('\n')[0]! : String(cause);
}
