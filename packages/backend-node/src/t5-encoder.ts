import { stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { ProCacheError, type PromptEncoder } from '@procache/core';
import { readRegularFile } from '@procache/files';
import { openTextModel, type TextModel } from '@procache/model';
import { ortTextModel } from '@procache/ort';
import { rememberingEncoder } from '@procache/pipeline';
import { cleanCaption, openSentencePiece, openTokenizer, type Tokenizer } from '@procache/tokenizer';
import type { EncoderOptions, EncoderPlace } from './encoder-options.ts';
import { nodeHost } from './host.ts';
import { openCheckpointFiles } from './model-files.ts';
import { isThere } from './node-folder.ts';
import { configOfEncoder } from './part-config.ts';

/** Bytes of the largest tokenizer that is read; T5's has 2.4 million. */
const LARGEST_TOKENIZER = 64 * 2 ** 20;

/**
 * Opens a T5 and its tokenizer. Texts are lower-cased and stripped first, as PixArt's own code does
 * (`clean_caption`).
 */
export async function openT5(
  { encoder, tokenizer }: EncoderPlace,
  { tokens, width, threads }: EncoderOptions,
): Promise<PromptEncoder> {
  const reader = await tokenizerAt(await tokenizerPlace(encoder, tokenizer));
  const opened = await openCheckpointFiles(encoder);
  try {
    const model = await openTextModel(opened.checkpoint, configOfEncoder(opened.config.own));
    checkFits(encoder, model, reader, width);
    const runner = ortTextModel(model, nodeHost({ threads }));
    return rememberingEncoder({
      encode: async (texts) => {
        const read = texts.map((text) => reader.encode(cleanCaption(text), tokens));
        const values = await runner.encode(read);
        return texts.map((text, i) => ({ values: values[i]!, tokens: read[i]!.tokens, text }));
      },
      notRead: (text) => {
        const { cut } = reader.encode(cleanCaption(text), tokens);
        return cut === undefined
          ? undefined
          : `it reads ${tokens} tokens, and what comes after them is cut off: "${cut}"`;
      },
      dispose: async () => {
        await runner.dispose();
        await opened.close();
      },
    });
  } catch (cause) {
    await opened.close();
    throw cause;
  }
}

function checkFits(path: string, model: TextModel, tokenizer: Tokenizer, width: number): void {
  const refuse = (problem: string): never => {
    throw new ProCacheError('invalid-model', `${path}: ${problem}`);
  };
  if (model.width !== width)
    refuse(
      `the text encoder gives ${model.width} numbers for each token, but the model takes ${width}; ` +
        `take the text encoder that the model was trained with`,
    );
  if (tokenizer.vocabulary > model.vocabulary)
    refuse(
      `the text encoder has embeddings for ${model.vocabulary} tokens, but its tokenizer makes ` +
        `${tokenizer.vocabulary}; take the tokenizer that belongs to it`,
    );
}

const TOKENIZER_FILES = ['tokenizer.json', 'spiece.model'] as const;

/** Where the tokenizer of an encoder lies: where it is said to, else in its folder or beside it. */
async function tokenizerPlace(encoder: string, named: string | undefined): Promise<string> {
  if (named !== undefined) return named;
  const folder = (await isFolder(encoder)) ? resolve(encoder) : dirname(resolve(encoder));
  const beside = join(dirname(folder), 'tokenizer');
  for (const place of [folder, join(folder, 'tokenizer'), beside])
    for (const file of TOKENIZER_FILES) if (await isThere(join(place, file))) return place;
  throw new ProCacheError(
    'invalid-model',
    `${encoder}: there is no tokenizer with the text encoder (${TOKENIZER_FILES.join(' or ')}, in its folder or in ` +
      `${basename(beside)}/ beside it); copy that of the same model there`,
  );
}

/** The tokenizer in a folder, or a file of one. */
async function tokenizerAt(place: string): Promise<Tokenizer> {
  const inFolder = await isFolder(place);
  const folder = inFolder ? place : dirname(place);
  const config = await textIf(join(folder, 'tokenizer_config.json'));
  const files = inFolder ? TOKENIZER_FILES.map((file) => join(folder, file)) : [place];
  for (const path of files) {
    if (!(await isThere(path))) continue;
    const bytes = await bytesOf(path);
    return path.endsWith('.model')
      ? openSentencePiece(bytes, config)
      : openTokenizer({ tokenizer: new TextDecoder().decode(bytes), config });
  }
  throw new ProCacheError(
    'invalid-model',
    `${place}: there is no tokenizer (${TOKENIZER_FILES.join(' or ')}); copy it from the folder of the model`,
  );
}

async function textIf(path: string): Promise<string | undefined> {
  return (await isThere(path)) ? new TextDecoder().decode(await bytesOf(path)) : undefined;
}

function bytesOf(path: string): Promise<Uint8Array> {
  return readRegularFile(path, { code: 'invalid-model', what: 'a tokenizer', most: LARGEST_TOKENIZER });
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() === true;
}
