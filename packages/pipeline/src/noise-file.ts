import { type LatentShape, ProCacheError } from '@procache/core';
import { shownName } from '@procache/core/untrusted';
import { type Checkpoint, readFloats } from '@procache/model';

/**
 * The noise in a file of tensors, such as one of safetensors: the tensor `noise`, [images, channels, height,
 * width].
 *
 * @throws {ProCacheError} `invalid-input` where it is not there, of another size, or not finite.
 */
export async function noiseIn(
  { tensors }: Checkpoint,
  { channels, height, width }: LatentShape,
  images: number,
): Promise<Float32Array> {
  const tensor = tensors.get('noise');
  if (!tensor) {
    const some = [...tensors.keys()]
      .slice(0, 5)
      .map((name) => shownName(name, 40))
      .join(', ');
    throw wrong(`there is no tensor 'noise' in it (it has ${some || 'none'}); rename the tensor`);
  }
  const expected = [images, channels, height, width];
  if (tensor.shape.join() !== expected.join()) {
    const shape = shownName(tensor.shape.join(', '));
    throw wrong(
      `the tensor is [${shape}], but ${images} images of this model take [${expected.join(', ')}]; ` +
        `ask for one image for each of noise`,
    );
  }
  const noise = await readFloats(tensor);
  const odd = noise.findIndex((value) => !Number.isFinite(value));
  if (odd >= 0) throw wrong(`value ${odd} of the tensor is ${noise[odd]!}; noise is finite`);
  return noise;
}

function wrong(problem: string): ProCacheError {
  return new ProCacheError('invalid-input', problem);
}
