import { rangeOf } from '../checkpoint/byte-source.ts';
import { refusalOf } from '../checkpoint/refusal.ts';
import { decodedText } from '../checkpoint/utf8.ts';
import type { Folder } from './folder.ts';

/** Bytes of the longest config that is read; class names and betas make them tens of kilobytes. */
const LONGEST_CONFIG = 16 * 2 ** 20;

/**
 * The text of a file that may be missing.
 *
 * @throws {ProCacheError} `invalid-model` for what is longer than any config, or is not in UTF-8.
 */
export async function textIn(folder: Folder | undefined, path: string): Promise<string | undefined> {
  const source = await folder?.open(path);
  if (source === undefined) return undefined;
  const refuse = refusalOf({ name: `${folder!.name}/${path}` });
  if (source.size > LONGEST_CONFIG)
    throw refuse(`is ${source.size} bytes long, and the longest that is read has ${LONGEST_CONFIG}; give a config`);
  const text = decodedText(await rangeOf(source, 0, source.size));
  if (text === undefined) throw refuse('is not a text in UTF-8; give a config');
  return text.replace(/^\uFEFF/, '');
}
