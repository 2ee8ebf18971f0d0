// Pictures out of numbers
export { differenceOf, type ImageShape, type Picture, picturesOf, shapeOf, type ValueRange } from './image.ts';

// Many pictures as one
export { drawGrid, type GridRow, type PictureGrid } from './grid.ts';
export { overview } from './overview.ts';
export {
  cachedCaption,
  type CachedResult,
  type ComparedRow,
  type Comparison,
  sideBySide,
  uncachedCaption,
} from './side-by-side.ts';

// Drawing and lettering
export { blankCanvas, blendPixel, type Colour, drawPicture, fillRectangle, type Rectangle } from './canvas.ts';
export { drawText, lineHeight, textWidth } from './lettering.ts';
export { asciiOf, captionOf } from './ascii.ts';
export { wrapAndCut, wrapText } from './wrap.ts';

// Files
export { encodePng } from './png.ts';
export { insertPngText, readPngText } from './png-text.ts';
