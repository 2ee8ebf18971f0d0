import { stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { ProCacheError } from '@procache/core';
import { readRegularFile } from '@procache/files';
import { openSentencePiece, openTokenizer, type Tokenizer } from '@procache/tokenizer';
import type { EncoderPlace } from './encoder-options.ts';
import { isThere } from './node-folder.ts';

/** Bytes of the largest tokenizer that is read; T5's has 2.4 million. */
const LARGEST_TOKENIZER = 64 * 2 ** 20;
/** What tokenizers are kept as, the preferred first. */
const TOKENIZER_FILES = ['tokenizer.json', 'spiece.model'] as const;

/**
 * Opens the tokenizer of a text encoder: where it is said to lie, else in the folder of the encoder or beside it.
 *
 * @throws {ProCacheError} `invalid-model` where there is none, or it is no T5's, with the place and the way out.
 */
export async function tokenizerOf({ encoder, tokenizer }: EncoderPlace): Promise<Tokenizer> {
  return tokenizerAt(tokenizer ?? (await placeWith(encoder)));
}

async function placeWith(encoder: string): Promise<string> {
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
