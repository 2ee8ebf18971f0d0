import { type LatentShape, ProCacheError } from '@procache/core';
import { openCheckpoint } from '@procache/model';
import { noiseIn } from '@procache/pipeline';
import { openFile } from './file-source.ts';

/**
 * Reads the noise of some images from a safetensors file: its tensor `noise`, [images, channels, height, width].
 *
 * @throws {ProCacheError} `invalid-input`, whatever is wrong with it, with the path; `option` goes before that.
 */
export async function readNoise(
  path: string,
  latent: LatentShape,
  images: number,
  option?: string,
): Promise<Float32Array> {
  const before = option === undefined ? '' : `${option} `;
  const place = before + path;
  const source = await openFile(path, { code: 'invalid-input', what: 'a safetensors file', place });
  const refused = (prefix: string) => (cause: unknown) => {
    throw cause instanceof ProCacheError
      ? new ProCacheError('invalid-input', prefix + cause.message, { cause })
      : cause;
  };
  try {
    const checkpoint = await openCheckpoint(source).catch(refused(before)); // which says the name of the file itself
    return await noiseIn(checkpoint, latent, images).catch(refused(`${place}: `));
  } finally {
    await source.close();
  }
}
