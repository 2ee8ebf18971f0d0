import { ProCacheError, type PromptEncoder } from '@procache/core';
import { openTextModel } from '@procache/model';
import { ortTextModel } from '@procache/ort';
import { embeddingsEncoder, isEmbeddings } from './embeddings-encoder.ts';
import type { EncoderOptions, EncoderPlace } from './encoder-options.ts';
import { nodeHost } from './host.ts';
import { openCheckpointFiles, type OpenedCheckpoint } from './model-files.ts';
import { configOfEncoder } from './part-config.ts';
import { tokenizerOf } from './tokenizer-files.ts';
import { checkVocabulary, tokensEncoder } from './tokens-encoder.ts';

/** Opens what a checkpoint holds: a T5, which takes its tokenizer, or embeddings of texts, which are read whole. */
export async function openWeights(place: EncoderPlace, options: EncoderOptions): Promise<PromptEncoder> {
  const opened = await openCheckpointFiles(place.encoder);
  try {
    if (!isEmbeddings(opened.checkpoint)) return await openT5(place, options, opened);
    const encoder = await embeddingsEncoder(opened.checkpoint, opened.path, options);
    await opened.close();
    return encoder;
  } catch (cause) {
    await opened.close();
    throw cause;
  }
}

async function openT5(
  place: EncoderPlace,
  { tokens, width, threads }: EncoderOptions,
  opened: OpenedCheckpoint,
): Promise<PromptEncoder> {
  const { encoder } = place;
  const model = await openTextModel(opened.checkpoint, configOfEncoder(opened.config.own));
  if (model.width !== width)
    throw new ProCacheError(
      'invalid-model',
      `${encoder}: the text encoder gives ${model.width} numbers for each token, but the model takes ${width}; ` +
        `take the text encoder that the model was trained with`,
    );
  const tokenizer = await tokenizerOf(place);
  checkVocabulary(encoder, tokenizer, model.vocabulary);
  const runner = ortTextModel(model, nodeHost({ threads }));
  return tokensEncoder({ tokenizer, model: runner, tokens, close: () => opened.close() });
}
