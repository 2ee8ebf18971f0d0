import { join } from 'node:path';
import type { Decoder } from '@procache/core';
import { checkOptions, type Fields, integerOf } from '@procache/core/untrusted';
import { type DecoderModel, openDecoderModel } from '@procache/model';
import { ortDecoder, type OrtDecoderOptions } from '@procache/ort';
import { nodeHost } from './host.ts';
import { openCheckpointFiles } from './model-files.ts';
import { isThere } from './node-folder.ts';
import { configOfDecoder } from './part-config.ts';

export interface DecoderOptions extends OrtDecoderOptions {
  /** Threads to compute with; by default one for each processor that this process may use. */
  readonly threads?: number | undefined;
}

/** A decoder on this machine, and what is known about it. */
export interface NodeDecoder extends Decoder {
  readonly model: DecoderModel;
}

const FIELDS: Fields<DecoderOptions> = { latent: true, tiles: true, threads: true };

/**
 * Opens what makes images of latents: a `vae` folder, what holds one, or the file of an AutoencoderKL or of a tiny
 * autoencoder.
 *
 * Reads no more than headers; weights are loaded with the first image. It computes in this thread, whose event loop has
 * a turn before each image or tile. The caller disposes of it.
 *
 * @throws {ProCacheError} `invalid-model`, with the file, the place in it and the way out.
 */
export async function openDecoder(path: string, options: DecoderOptions): Promise<NodeDecoder> {
  checkOptions('openDecoder', options, FIELDS);
  const { latent, tiles, threads } = options;
  for (const side of ['height', 'width'] as const)
    integerOf({ value: latent[side], place: `latent.${side}`, code: 'invalid-input' }, 1);
  const inside = join(path, 'vae');
  const opened = await openCheckpointFiles((await isThere(inside)) ? inside : path);
  try {
    const model = await openDecoderModel(opened.checkpoint, configOfDecoder(opened.config.own));
    const decoder = ortDecoder(model, nodeHost({ threads }), { latent, tiles });
    return {
      ...decoder,
      model,
      dispose: async () => {
        await decoder.dispose();
        await opened.close();
      },
    };
  } catch (cause) {
    await opened.close();
    throw cause;
  }
}
