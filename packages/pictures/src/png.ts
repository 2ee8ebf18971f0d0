import { encode } from 'fast-png';
import { type Picture } from './image.ts';
import { insertPngText } from './png-text.ts';

/**
 * A PNG file of a picture that carries `text`, by keyword: how the picture was made, say. Read it back with
 * `readPngText`.
 */
export function encodePng(picture: Picture, text: Readonly<Record<string, string>> = {}): Uint8Array<ArrayBuffer> {
  const { width, height, channels, data } = picture;
  return insertPngText(encode({ width, height, channels, depth: 8, data }, { zlib: { level: 6 } }), text);
}
