import { blendPixel, type Colour } from './canvas.ts';
import { glyphsOf, isInk, type Glyph } from './font.ts';
import { type Picture } from './image.ts';

/** How far the tops of two lines of text are apart, in font pixels. */
export const lineHeight = 12;

const strokeRadius = 0.44;

/** A stroke of the pen, in font pixels. */
type Stroke = readonly [x0: number, y0: number, x1: number, y1: number];

/** How wide a line of text is where a font pixel has `scale` pixels. */
export function textWidth(text: string, scale: number): number {
  const advance = glyphsOf(text).reduce((sum, glyph) => sum + glyph.width + 1, 0);
  return Math.max(0, advance - 1) * scale;
}

/** Draws a line of text with its top left corner at `x`, `y`, a font pixel having `scale` pixels. */
export function drawText(
  canvas: Picture,
  text: string,
  [x, y]: readonly [number, number],
  scale: number,
  colour: Colour,
): void {
  let left = x;
  for (const glyph of glyphsOf(text)) {
    drawGlyph(canvas, glyph, [left, y], scale, colour);
    left += (glyph.width + 1) * scale;
  }
}

/**
 * Draws the strokes with a round pen; each pixel is as dark as the pen covers it, so that slanted strokes come out
 * smooth.
 */
function drawGlyph(
  canvas: Picture,
  glyph: Glyph,
  [x, y]: readonly [number, number],
  scale: number,
  colour: Colour,
): void {
  const strokes = strokesOf(glyph);
  if (strokes.length === 0) return;
  for (let row = -1; row <= glyph.rows.length * scale; row++) {
    for (let column = -1; column <= glyph.width * scale; column++) {
      const [px, py] = [(column + 0.5) / scale - 0.5, (row + 0.5) / scale - 0.5];
      const nearest = Math.min(...strokes.map((stroke) => distance(px, py, stroke)));
      const covered = Math.min(1, (strokeRadius - nearest) * scale + 0.5);
      if (covered > 0) blendPixel(canvas, x + column, y + row, colour, covered);
    }
  }
}

/**
 * The strokes that join the pixels of a glyph: each with itself, its right and its lower neighbour, and diagonally
 * where the way round the corner is empty. This turns a coarse bitmap into letters that can be drawn at any size, with
 * corners and slants told apart.
 */
function strokesOf(glyph: Glyph): Stroke[] {
  const strokes: Stroke[] = [];
  const join = (x: number, y: number, dx: number, dy: number): void => {
    const corner = dx !== 0 && dy !== 0 && (isInk(glyph, x + dx, y) || isInk(glyph, x, y + dy));
    if (isInk(glyph, x + dx, y + dy) && !corner) strokes.push([x, y, x + dx, y + dy]);
  };
  for (let y = 0; y < glyph.rows.length; y++) {
    for (let x = 0; x < glyph.width; x++) {
      if (!isInk(glyph, x, y)) continue;
      join(x, y, 0, 0);
      join(x, y, 1, 0);
      join(x, y, 0, 1);
      join(x, y, 1, 1);
      join(x, y, -1, 1);
    }
  }
  return strokes;
}

function distance(x: number, y: number, [x0, y0, x1, y1]: Stroke): number {
  const [dx, dy] = [x1 - x0, y1 - y0];
  const along = dx === 0 && dy === 0 ? 0 : ((x - x0) * dx + (y - y0) * dy) / (dx * dx + dy * dy);
  const t = Math.max(0, Math.min(1, along));
  return Math.hypot(x - x0 - t * dx, y - y0 - t * dy);
}
