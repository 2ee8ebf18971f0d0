// Pictures out of numbers
export { differenceOf, type ImageShape, type Picture, picturesOf, shapeOf, type ValueRange } from './image.ts';

// Many pictures as one
export { drawGrid, type GridRow, type PictureGrid } from './grid.ts';
export { overview } from './overview.ts';
export {
  cachedCaption,
  type CachedResult,
  type ComparedRow,
  sideBySide,
  type SideBySide,
  uncachedCaption,
} from './side-by-side.ts';

// Texts of pictures
export { asciiOf, captionOf } from './ascii.ts';

// Files
export { encodePng } from './png.ts';
export { insertPngText, readPngText } from './png-text.ts';
export { pictureName } from './picture-name.ts';
export {
  COMPARISON,
  earlierFiles,
  GRID,
  PREVIEW,
  previewFile,
  runFiles,
  type BesideRun,
  type PictureFile,
  type RunPictures,
} from './run-files.ts';
export { provenanceText, toldImages, type ImageProvenance, type Provenance, type ToldImage } from './provenance.ts';
