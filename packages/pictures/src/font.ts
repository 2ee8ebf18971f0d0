import { asciiOf } from './ascii.ts';

/** A letter as pixels: `rows` of bits, of which the lowest `width` count, the highest of them at the left. */
export interface Glyph {
  readonly rows: readonly number[];
  readonly width: number;
}

const cell = 5;
const spaceWidth = 3;

/**
 * The glyphs of printable ASCII, from the space to `~`, drawn for this project on a grid of five by nine: seven rows
 * above the baseline, two below.
 *
 * A glyph is nine digits of base 32, top to bottom; a digit is a row of five pixels. "A" is `4ahhvhh00`:
 *
 *     4 ..#..   a .#.#.   h #...#   h #...#   v #####   h #...#   h #...#   0 .....   0 .....
 */
const sheet =
  '000000000 444440400 aa0000000 aavavaa00 4fke5u400 op248j300 8kk8lid00 440000000 ' + // space ! " # $ % & '
  '248884200 842224800 04lel4000 044v44000 00000cc48 000u00000 00000cc00 122488g00 ' + // ( ) * + , - . /
  'ehhhhhe00 4c4444e00 eh1248v00 v2421he00 26aiv2200 vgu11he00 68guhhe00 v12488800 ' + // 0 to 7
  'ehhehhe00 ehhf12c00 0cc00cc00 0cc00cc48 248g84200 00v0v0000 g84248g00 eh1240400 ' + // 8 9 : ; < = > ?
  'ehnlnge00 4ahhvhh00 uhhuhhu00 ehggghe00 uhhhhhu00 vgguggv00 vgguggg00 ehgnhhf00 ' + // @ A to G
  'hhhvhhh00 e44444e00 72222ic00 hikokih00 ggggggv00 hrllhhh00 hhpljhh00 ehhhhhe00 ' + // H to O
  'uhhuggg00 ehhhlid00 uhhukih00 fgge11u00 v44444400 hhhhhhe00 hhhhha400 hhhllla00 ' + // P to W
  'hha4ahh00 hhha44400 v1248gv00 sgggggs00 g88422100 s44444s00 4ah000000 0000000v0 ' + // X Y Z [ \ ] ^ _
  '840000000 00e1fhf00 ggmphhu00 00ehghe00 11djhhf00 00ehvge00 698s88800 00fhhhf1e ' + // ` a to g
  'ggmphhh00 40c444e00 2062222ic ggikoki00 c44444e00 00qllll00 00mphhh00 00ehhhe00 ' + // h to o
  '00mphhugg 00djhhf11 00mpggg00 00fge1u00 88s889600 00hhhjd00 00hhha400 00hhlla00 ' + // p to w
  '00ha4ah00 00hhhhf1e 00v248v00 644844600 444444400 c44244c00 008l20000'; //            x y z { | } ~

const glyphs: readonly Glyph[] = sheet.split(' ').map(readGlyph);

/** A glyph without its empty columns; digits keep the full width, so that numbers stand in columns. */
function readGlyph(digits: string, index: number): Glyph {
  const rows = Array.from(digits, (digit) => Number.parseInt(digit, 32));
  const ink = rows.reduce((all, row) => all | row, 0);
  if (ink === 0) return { rows, width: spaceWidth };
  const isDigit = index >= 16 && index < 26;
  const right = isDigit ? 0 : Math.log2(ink & -ink);
  const left = isDigit ? cell : Math.floor(Math.log2(ink)) + 1;
  return { rows: rows.map((row) => row >> right), width: left - right };
}

/** Whether a glyph has ink at a pixel; outside it there is none. */
export function isInk({ rows, width }: Glyph, x: number, y: number): boolean {
  return x >= 0 && x < width && (((rows[y] ?? 0) >> (width - 1 - x)) & 1) === 1;
}

/** The glyphs of a text, a letter each; what is not ASCII is transliterated. */
export function glyphsOf(text: string): Glyph[] {
  return Array.from(asciiOf(text), (letter) => glyphs[letter.codePointAt(0)! - 32] ?? glyphs[0]!);
}
