import { openFile } from '@procache/backend-node';
import { type LatentShape, ProCacheError } from '@procache/core';
import { shownName } from '@procache/core/untrusted';
import { openCheckpoint, readFloats } from '@procache/model';

/** The noise in a safetensors file: its tensor `noise`, [images, channels, height, width]. */
export async function readNoise(
  path: string,
  { channels, height, width }: LatentShape,
  images: number,
): Promise<Float32Array> {
  const place = `--noise ${path}`;
  const source = await openFile(path, { code: 'invalid-input', what: 'a safetensors file', place });
  try {
    const { tensors } = await openCheckpoint(source).catch((cause: unknown) => namingTheOption(cause));
    const tensor = tensors.get('noise');
    if (!tensor) {
      const some = [...tensors.keys()]
        .slice(0, 5)
        .map((name) => shownName(name, 40))
        .join(', ');
      throw wrong(place, `there is no tensor 'noise' in it (it has ${some || 'none'}); rename the tensor`);
    }
    const expected = [images, channels, height, width];
    if (tensor.shape.join() !== expected.join()) {
      const shape = shownName(tensor.shape.join(', '));
      throw wrong(
        place,
        `the tensor is [${shape}], but ${images} labels of this model take [${expected.join(', ')}]; ` +
          `give a label for each image of noise`,
      );
    }
    const noise = await readFloats(tensor);
    const odd = noise.findIndex((value) => !Number.isFinite(value));
    if (odd >= 0) throw wrong(place, `value ${odd} of the tensor is ${noise[odd]!}; noise is finite`);
    return noise;
  } finally {
    await source.close();
  }
}

function namingTheOption(cause: unknown): never {
  throw cause instanceof ProCacheError
    ? new ProCacheError('invalid-input', `--noise ${cause.message}`, { cause })
    : cause;
}

function wrong(place: string, problem: string): ProCacheError {
  return new ProCacheError('invalid-input', `${place}: ${problem}`);
}
