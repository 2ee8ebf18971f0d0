import { blankCanvas, drawPicture, fillRectangle, type Colour } from './canvas.ts';
import { shapeOf, type Picture } from './image.ts';
import { drawText, lineHeight, textWidth } from './lettering.ts';
import { asciiOf } from './ascii.ts';
import { wrapAndCut } from '@procache/text';

/** One row of a picture grid. */
export interface GridRow {
  /** Stands to the left of the row, wrapped and cut; line feeds break it where they stand. */
  readonly caption?: string;
  /** Pictures of the same size as all others in the grid; a row may be shorter than the others. */
  readonly pictures: readonly Picture[];
}

/**
 * What `drawGrid` draws: rows of equally large pictures with captions on white. Texts are lettered in ASCII: see
 * `asciiOf`.
 */
export interface PictureGrid {
  readonly rows: readonly GridRow[];
  /** A caption above each column. */
  readonly columns?: readonly string[];
  readonly title?: string;
  readonly footer?: string;
  /** The least width of a shown picture; smaller pictures are enlarged by a whole number. 128 pixels unless given. */
  readonly leastCell?: number;
}

const dark: Colour = [32, 33, 36];
const muted: Colour = [95, 99, 104];
const hairline: Colour = [218, 220, 224];
const minimumWidth = 480;
/** Lines that each paragraph of a text may take: names come from files, and some are pages long. */
const mostLines = { title: 2, column: 4, caption: 4, footer: 12 } as const;
/** Pixels of a grid: beyond this a canvas is gigabytes. */
const mostPixels = 2 ** 28;

/** Lines of text and the place they are drawn at. */
interface TextBlock {
  readonly lines: readonly string[];
  readonly x: number;
  readonly y: number;
  /** The size of a font pixel. */
  readonly scale: number;
}

/** Everything about a grid that is measured before a pixel is drawn, in pixels. */
interface Layout {
  readonly width: number;
  readonly height: number;
  /** How much the pictures are enlarged. */
  readonly zoom: number;
  readonly title: TextBlock;
  readonly footer: TextBlock;
  readonly columns: readonly TextBlock[];
  readonly captions: readonly TextBlock[];
  /** The top left corner of the pictures of each row. */
  readonly origins: readonly (readonly [x: number, y: number])[];
  readonly pitch: number;
}

/** The picture of a grid: a title, column captions, rows of pictures with captions at their left, and a footer. */
export function drawGrid(grid: PictureGrid): Picture {
  const first = requireEqualPictures(grid);
  const layout = layOut(grid, first);
  if (layout.width * layout.height > mostPixels) {
    throw new RangeError(
      `a grid of ${layout.width} x ${layout.height} pixels; ` +
        `draw fewer or smaller pictures, at most ${mostPixels} pixels in all`,
    );
  }
  const canvas = blankCanvas(layout.width, layout.height);
  const write = ({ lines, x, y, scale }: TextBlock, colour: Colour): void => {
    lines.forEach((line, i) => drawText(canvas, line, [x, y + i * lineHeight * scale], scale, colour));
  };
  write(layout.title, dark);
  write(layout.footer, muted);
  for (const block of [...layout.columns, ...layout.captions]) write(block, dark);
  grid.rows.forEach(({ pictures }, row) => {
    const [left, y] = layout.origins[row]!;
    pictures.forEach((picture, column) => {
      const x = left + column * layout.pitch;
      fillRectangle(
        canvas,
        [x - 1, y - 1, picture.width * layout.zoom + 2, picture.height * layout.zoom + 2],
        hairline,
      );
      drawPicture(canvas, picture, [x, y], layout.zoom);
    });
  });
  return canvas;
}

function layOut(grid: PictureGrid, first: Picture): Layout {
  const zoom = zoomOf(first, grid.leastCell);
  const [cellWidth, cellHeight] = [first.width * zoom, first.height * zoom];
  const scale = cellWidth >= 768 ? 4 : cellWidth >= 384 ? 3 : 2; // large pictures are looked at reduced
  const measure = (line: string): number => textWidth(line, scale);
  const [margin, gap, lineStep] = [12 * scale, 6 * scale, lineHeight * scale];
  const captionLines = grid.rows.map(({ caption = '' }) =>
    wrapAndCut(asciiOf(caption), 110 * scale, measure, mostLines.caption),
  );
  const captionWidth = mostOf(captionLines.flat().map(measure));
  const left = margin + (captionWidth > 0 ? captionWidth + 2 * gap : 0);
  const pitch = cellWidth + gap;
  const columnCount = mostOf(grid.rows.map(({ pictures }) => pictures.length));
  const width = Math.max(left + columnCount * pitch - gap + margin, minimumWidth);
  const titleAt = (own: number) =>
    paragraph(grid.title, mostLines.title, { x: margin, y: margin, width: width - 2 * margin, scale: own });
  const title = titleAt(scale + 1).lines.length <= 1 ? titleAt(scale + 1) : titleAt(scale);
  const columnsTop = title.y + (title.lines.length > 0 ? title.lines.length * lineHeight * title.scale + gap : 0);
  const columnLines = (grid.columns ?? [])
    .slice(0, columnCount)
    .map((text) => wrapAndCut(asciiOf(text), cellWidth, measure, mostLines.column));
  const columnHeight = mostOf(columnLines.map((lines) => lines.length)) * lineStep;
  const columns = columnLines.map((lines, i): TextBlock => ({
    lines,
    x: left + i * pitch,
    y: columnsTop + columnHeight - lines.length * lineStep,
    scale,
  }));
  let y = columnsTop + columnHeight;
  const captions: TextBlock[] = [];
  const origins = captionLines.map((lines): readonly [number, number] => {
    const rowHeight = Math.max(cellHeight, lines.length * lineStep);
    captions.push({
      lines,
      x: margin,
      y: y + Math.floor((rowHeight - lines.length * lineStep + scale * 3) / 2),
      scale,
    });
    const origin = [left, y + Math.floor((rowHeight - cellHeight) / 2)] as const;
    y += rowHeight + gap;
    return origin;
  });
  const footer = paragraph(grid.footer, mostLines.footer, { x: margin, y: y + gap, width: width - 2 * margin, scale });
  const height =
    footer.lines.length > 0 ? footer.y + footer.lines.length * lineStep - 3 * scale + margin : y - gap + margin;
  return { width, height, zoom, title, footer, columns, captions, origins, pitch };
}

/** How much a grid enlarges pictures of a size: a whole number of times. */
export function zoomOf({ width }: Picture, leastCell: number = 128): number {
  return Math.max(1, Math.ceil(leastCell / width));
}

/** Where a paragraph begins, how wide it may be, and the size of its font pixels. */
interface Place {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly scale: number;
}

function paragraph(text: string | undefined, most: number, { x, y, width, scale }: Place): TextBlock {
  return { lines: text ? wrapAndCut(asciiOf(text), width, (line) => textWidth(line, scale), most) : [], x, y, scale };
}

function mostOf(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => Math.max(a, b), 0);
}

function requireEqualPictures({ rows }: PictureGrid): Picture {
  const pictures = rows.flatMap((row) => row.pictures);
  const first = pictures[0];
  if (first === undefined)
    throw new RangeError(`a grid of ${rows.length} rows and 0 pictures; pass at least one picture`);
  const odd = pictures.find(({ width, height }) => width !== first.width || height !== first.height);
  if (odd !== undefined)
    throw new RangeError(`a picture of ${shapeOf(odd)} in a grid of ${shapeOf(first)}; all must be equally large`);
  return first;
}
