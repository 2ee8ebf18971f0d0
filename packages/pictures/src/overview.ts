import { drawGrid, type GridRow, zoomOf } from './grid.ts';
import type { Picture } from './image.ts';

/** A row of pictures is read at a glance; more than these are not. */
const MOST_COLUMNS = 10;
/** Programs that show pictures give up on taller ones, and so do those who look at them. In pixels. */
const MOST_HEIGHT = 16_384;
/** Pixels of an overview: beyond this it takes seconds and hundreds of megabytes to draw. */
const MOST_PIXELS = 2 ** 26;
/** Between two pictures, in pixels: more than there is. */
const GAP = 24;

/**
 * Many equally large pictures as one: in a row with a caption above each where there are up to ten, else in rows with
 * the numbers of their pictures beside them, counted from 0 as in the names of their files.
 *
 * Of more than fit into a picture that can still be looked at, the first are shown, and its footer says so.
 */
export function overview(pictures: readonly Picture[], captions: readonly string[]): Picture {
  const { columns, rows } = extentOf(pictures);
  const shown = pictures.slice(0, columns * rows);
  const footer =
    shown.length < pictures.length ? { footer: `The first ${shown.length} of ${pictures.length} are shown.` } : {};
  if (rows === 1) return drawGrid({ rows: [{ pictures: shown }], columns: captions, ...footer });
  const lines = Array.from({ length: Math.ceil(shown.length / columns) }, (_, row): GridRow => {
    const first = row * columns;
    const own = shown.slice(first, first + columns);
    return { caption: `${first} to ${first + own.length - 1}`, pictures: own };
  });
  return drawGrid({ rows: lines, ...footer });
}

/** How many pictures stand side by side, and how many rows of them there is room for. */
function extentOf(pictures: readonly Picture[]): { readonly columns: number; readonly rows: number } {
  const [first] = pictures;
  const zoom = first ? zoomOf(first) : 1;
  const [width, height] = [(first?.width ?? 1) * zoom + GAP, (first?.height ?? 1) * zoom + GAP];
  const wanted = pictures.length <= MOST_COLUMNS ? pictures.length : Math.ceil(Math.sqrt(pictures.length));
  const columns = Math.max(1, Math.min(MOST_COLUMNS, wanted, Math.floor(MOST_PIXELS / (width * height))));
  const fitting = Math.min(Math.floor(MOST_HEIGHT / height), Math.floor(MOST_PIXELS / (columns * width * height)));
  return { columns, rows: Math.max(1, Math.min(Math.ceil(pictures.length / columns), fitting)) };
}
