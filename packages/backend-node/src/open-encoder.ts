import { join } from 'node:path';
import type { PromptEncoder } from '@procache/core';
import { checkOptions, type Fields } from '@procache/core/untrusted';
import { type EncoderOptions, type EncoderPlace, WORD_FILES } from './encoder-options.ts';
import { isThere } from './node-folder.ts';
import { onnxFileAt, openOnnxEncoder } from './open-onnx-encoder.ts';
import { openWeights } from './t5-encoder.ts';
import { openWords } from './word-encoder.ts';

const PLACES: Fields<EncoderPlace> = { encoder: true, tokenizer: true };
const FIELDS: Fields<EncoderOptions> = { tokens: true, width: true, threads: true };

/**
 * Opens what reads texts for a transformer. Of a large text model, the weights of one block at a time are loaded when a
 * text is read. Each text is read once. The caller disposes of it.
 *
 * ```ts no-run it takes a text encoder, which is not in the repository
 * import { openEncoder } from '@procache/backend-node';
 *
 * const place = { encoder: 'PixArt-XL-2-512x512/text_encoder', tokenizer: 'PixArt-XL-2-512x512/tokenizer' };
 * const encoder = await openEncoder(place, { tokens: 120, width: 4096 });
 * const [embedding] = await encoder.encode(['a small cactus with a happy face']);
 * ```
 *
 * @throws {ProCacheError} `invalid-model`, with the file and the way out: before any text is read.
 */
export async function openEncoder(place: EncoderPlace, options: EncoderOptions): Promise<PromptEncoder> {
  checkOptions('openEncoder', place, PLACES);
  checkOptions('openEncoder', options, FIELDS);
  const { encoder } = place;
  const isWords = (await Promise.all(WORD_FILES.map((name) => isThere(join(encoder, name))))).every(Boolean);
  if (isWords) return openWords(encoder, options);
  const onnx = await onnxFileAt(encoder);
  return onnx === undefined ? openWeights(place, options) : openOnnxEncoder(onnx, place, options);
}
