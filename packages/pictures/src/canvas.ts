import { type Picture } from './image.ts';

/** A colour: red, green and blue, 0 to 255 each. */
export type Colour = readonly [red: number, green: number, blue: number];

/** A rectangle, in pixels from the top left corner. */
export type Rectangle = readonly [x: number, y: number, width: number, height: number];

/** A white RGB picture to draw on: what draws takes it and writes into its `data`. */
export function blankCanvas(width: number, height: number): Picture {
  return { width, height, channels: 3, data: new Uint8Array(width * height * 3).fill(255) };
}

/** Fills a rectangle. */
export function fillRectangle(canvas: Picture, [x, y, width, height]: Rectangle, colour: Colour): void {
  for (let row = y; row < y + height; row++) {
    for (let column = x; column < x + width; column++) blendPixel(canvas, column, row, colour, 1);
  }
}

/** Draws a picture with its top left corner at `x`, `y`, each of its pixels as a square of `zoom` pixels. */
export function drawPicture(canvas: Picture, picture: Picture, [x, y]: readonly [number, number], zoom: number): void {
  const [green, blue] = picture.channels === 3 ? [1, 2] : [0, 0];
  for (let row = 0; row < picture.height; row++) {
    for (let column = 0; column < picture.width; column++) {
      const at = (row * picture.width + column) * picture.channels;
      const colour: Colour = [picture.data[at]!, picture.data[at + green]!, picture.data[at + blue]!];
      fillRectangle(canvas, [x + column * zoom, y + row * zoom, zoom, zoom], colour);
    }
  }
}

/** Mixes a colour into a pixel: `share` 1 replaces it. Pixels outside the canvas are ignored. */
export function blendPixel(canvas: Picture, x: number, y: number, colour: Colour, share: number): void {
  if (x < 0 || y < 0 || x >= canvas.width || y >= canvas.height) return;
  const at = (y * canvas.width + x) * 3;
  for (let channel = 0; channel < 3; channel++) {
    const below = canvas.data[at + channel]!;
    canvas.data[at + channel] = Math.round(below + share * (colour[channel]! - below));
  }
}
