import { openFile } from '@procache/backend-node';
import { type LatentShape, ProCacheError } from '@procache/core';
import { openCheckpoint, readFloats } from '@procache/model';

/** The noise in a safetensors file: its tensor `noise`, [images, channels, height, width]. */
export async function readNoise(path: string, { channels, height, width }: LatentShape, images: number): Promise<Float32Array> {
  const source = await openFile(path);
  try {
    const { tensors } = await openCheckpoint(source);
    const tensor = tensors.get('noise');
    if (!tensor) {
      const some = [...tensors.keys()].slice(0, 5).join(', ');
      throw new ProCacheError('invalid-input', `--noise ${path}: there is no tensor 'noise' in it (it has ${some}); rename the tensor`);
    }
    const expected = [images, channels, height, width];
    if (tensor.shape.join() !== expected.join()) {
      throw new ProCacheError(
        'invalid-input',
        `--noise ${path}: the tensor is [${tensor.shape.join(', ')}], but ${images} labels of this model take [${expected.join(', ')}]; give a label for each image of noise`,
      );
    }
    return await readFloats(tensor);
  } finally {
    await source.close();
  }
}
