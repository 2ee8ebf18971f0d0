import type { PromptEncoder } from '@procache/core';
import { openWordFolder } from '@procache/model';
import { wordEncoder } from '@procache/pipeline';
import type { EncoderOptions } from './encoder-options.ts';
import { OpenFiles } from './node-folder.ts';

/** Opens a table of words, which is read whole. */
export async function openWords(path: string, options: EncoderOptions): Promise<PromptEncoder> {
  const files = new OpenFiles();
  try {
    return wordEncoder(await openWordFolder(files.folder(path), options), options, path);
  } finally {
    await files.close();
  }
}
