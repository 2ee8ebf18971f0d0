import type { Spelling } from '@procache/core';
import { booleanOf, integerOf, refuse } from '@procache/core/untrusted';
import { binnedSize, BINNED_SIDES, type ImageSize } from './binned-size.ts';
import type { KnownModel } from './known-model.ts';
import { asRequested, type OptionName } from './spelling.ts';

/** How large images are to be, in pixels; a side that is left out is the model's own. */
export interface AskedSize {
  readonly width?: number | undefined;
  readonly height?: number | undefined;
  /**
   * Whether to draw at the trained size of the nearest ratio, and to scale and cut the image afterwards, as diffusers'
   * PixArt pipelines do unless told otherwise; by default wherever those have sizes for the model.
   */
  readonly binning?: boolean | undefined;
}

/** A size as a model draws it, and what its images are brought to. */
export interface DrawnSize {
  /** In latent cells: what `openTransformer` takes. */
  readonly latent: ImageSize;
  /** In pixels, as they were asked for. */
  readonly images: ImageSize;
}

/** Pixels of an image for a cell of its latent, along each side: three times halved, as the autoencoders of DiT do. */
const PIXELS_PER_CELL = 8;
/** The longest side: the largest trained size is 4096. */
const LONGEST = 16_384;

/**
 * How a model draws images of a size; undefined where none is asked for, or that which it draws anyway. `known` is the
 * model at its own size.
 *
 * @throws {ProCacheError} `invalid-input` for a size that the model cannot draw, with one near it that it can.
 */
export function drawnSize(
  { width, height, binning }: AskedSize,
  known: KnownModel,
  spell: Spelling<OptionName> = asRequested,
): DrawnSize | undefined {
  const scale = pixelsPerCell(known.model);
  const { latent, topology } = known.model;
  const own: ImageSize = { height: latent.height * scale, width: latent.width * scale };
  const isBinned = binsOf(binning, own, known, spell);
  if (width === undefined && height === undefined) {
    const to = `${spell('width')} and ${spell('height')}`;
    return binning === undefined
      ? undefined
      : refuse(spell('binning'), `it belongs to ${to}; add one`, 'invalid-input');
  }
  const images = { height: sideOf(height, 'height', own, spell), width: sideOf(width, 'width', own, spell) };
  const drawn = isBinned ? binnedSize(images, own.height) : images;
  if (isSame(images, own) && isSame(drawn, own)) return undefined;
  const unit = { height: (latent.height / topology.grid[0]) * scale, width: (latent.width / topology.grid[1]) * scale };
  checkWhole(drawn, { unit, name: known.name, spell });
  return { latent: { height: drawn.height / scale, width: drawn.width / scale }, images };
}

/** Whether sizes are brought to those that the model was trained on. */
function binsOf(
  binning: boolean | undefined,
  own: ImageSize,
  { name, model }: KnownModel,
  spell: Spelling<OptionName>,
): boolean {
  const place = spell('binning');
  if (binning !== undefined) booleanOf({ value: binning, place, code: 'invalid-input' });
  const hasBins = own.height === own.width && model.takes.kind === 'texts' && BINNED_SIDES.includes(own.height);
  if (binning === true && !hasBins) {
    const problem = `there are no trained sizes for ${name}, which draws ${sizeText(own)}; leave it out`;
    refuse(place, problem, 'invalid-input');
  }
  return hasBins && binning !== false;
}

/** Pixels of an image for a cell of its latent, along each side: 1 for a model of pixels. */
export function pixelsPerCell({ valueRange }: Pick<KnownModel['model'], 'valueRange'>): number {
  return valueRange === undefined ? PIXELS_PER_CELL : 1;
}

type Side = 'height' | 'width';

function sideOf(asked: number | undefined, side: Side, own: ImageSize, spell: Spelling<OptionName>): number {
  return asked === undefined
    ? own[side]
    : integerOf({ value: asked, place: spell(side), code: 'invalid-input' }, 1, LONGEST);
}

interface WholeContext {
  /** The pixels of a token. */
  readonly unit: ImageSize;
  readonly name: string;
  readonly spell: Spelling<OptionName>;
}

function checkWhole(size: ImageSize, { unit, name, spell }: WholeContext): void {
  for (const side of ['height', 'width'] as const) {
    if (size[side] % unit[side] === 0) continue;
    const below = Math.floor(size[side] / unit[side]) * unit[side];
    const near = [below, below + unit[side]].filter((each) => each > 0).join(' or ');
    const problem = `${name} draws images of a multiple of ${unit[side]} pixels; use ${near}`;
    refuse(`${spell(side)} ${size[side]}`, problem, 'invalid-input');
  }
}

function isSame(a: ImageSize, b: ImageSize): boolean {
  return a.height === b.height && a.width === b.width;
}

function sizeText({ height, width }: ImageSize): string {
  return `${width}x${height} pixels`;
}
