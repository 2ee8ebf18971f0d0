import anyAscii from 'any-ascii';

/**
 * A text in printable ASCII, which is what the lettering has: `Käfer` as `Kafer`, `кошка` as `koshka`, `猫` as `Mao`.
 *
 * Letters of all scripts are transliterated one by one, without regard to the language. A sign that stands for nothing
 * known becomes `?`, a control character a space; line breaks stay.
 */
export function asciiOf(text: string): string {
  if (isPlain(text)) return text;
  return Array.from(text.normalize('NFC'), (sign) => {
    if (sign === '\n') return sign;
    const plain = anyAscii(sign).replaceAll(CONTROL, ' ');
    return plain === '' && !SILENT.test(sign) ? '?' : plain;
  }).join('');
}

function isPlain(text: string): boolean {
  return /^[\n\x20-\x7e]*$/.test(text);
}

// eslint-disable-next-line no-control-regex -- these are what lettering has no glyph for
const CONTROL = /[\x00-\x1f\x7f]/g;
/** Marks on other letters, and signs that only say how others are to be set. */
const SILENT = /[\p{Mark}\p{Format}]/u;

/** As much of a name as is looked at, in UTF-16 units: several times what a caption has room for. */
const MOST_OF_A_NAME = 500;

/**
 * The caption of an image that has a name, in printable ASCII, on one line; `otherwise`, such as the number of its
 * class, where nothing of the name can be told.
 */
export function captionOf(name: string, otherwise: string | number): string {
  const start = name.slice(0, MOST_OF_A_NAME).replace(/[\ud800-\udbff]$/, ''); // no half of a pair
  const caption = asciiOf(start).replaceAll(/\s+/g, ' ').trim();
  return /[^ ?]/.test(caption) ? caption : String(otherwise);
}
