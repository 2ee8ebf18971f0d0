import { ProCacheError, type PromptEncoder } from '@procache/core';
import { shownName } from '@procache/core/untrusted';
import type { OrtTextModel } from '@procache/ort';
import { rememberingEncoder } from '@procache/pipeline';
import { cleanCaption, type Tokenizer } from '@procache/tokenizer';
import { MOST_UNREAD } from './encoder-options.ts';

interface TokensEncoderParts {
  readonly tokenizer: Tokenizer;
  readonly model: OrtTextModel;
  /** How many tokens of a text are read. */
  readonly tokens: number;
  /** Closes the files of the model, which has been disposed of. */
  readonly close?: () => Promise<void>;
}

/**
 * An encoder of a tokenizer and a text model. Texts are lower-cased and stripped first, as PixArt's own code does
 * (`clean_caption`).
 */
export function tokensEncoder({ tokenizer, model, tokens, close }: TokensEncoderParts): PromptEncoder {
  return rememberingEncoder({
    encode: async (texts) => {
      const read = texts.map((text) => tokenizer.encode(cleanCaption(text), tokens));
      const values = await model.encode(read);
      return texts.map((text, i) => ({ values: values[i]!, tokens: read[i]!.tokens, text }));
    },
    notRead: (text) => {
      const { cut } = tokenizer.encode(cleanCaption(text), tokens);
      return cut === undefined
        ? undefined
        : `it reads ${tokens} tokens, and what comes after them is cut off: "${shownName(cut, MOST_UNREAD)}"`;
    },
    dispose: async () => {
      await model.dispose();
      await close?.();
    },
  });
}

/** Refuses a tokenizer that makes ids for which a text model has no embedding. */
export function checkVocabulary(path: string, tokenizer: Tokenizer, embeddings: number): void {
  if (tokenizer.vocabulary <= embeddings) return;
  throw new ProCacheError(
    'invalid-model',
    `${path}: the text encoder has embeddings for ${embeddings} tokens, but its tokenizer makes ` +
      `${tokenizer.vocabulary}; take the tokenizer that belongs to it`,
  );
}
