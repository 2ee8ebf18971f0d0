import { ProCacheError } from '@procache/core';
import type { Checkpoint } from '../../checkpoint/checkpoint.ts';
import { type ConfigFields, wrong } from '../../config/fields.ts';
import type { LatentSize } from '../family.ts';
import { tellingShape } from '../parts/config-claims.ts';
import { type PixArtFlavour, STORED_POSITIONS } from './flavour.ts';

/** The most patches of an image; the attention map of one head has their square. PixArt-Sigma's 2K has 16384. */
const MOST_TOKENS = 16_384;

/** Cells of the latent of an image of 512 pixels. Positions are counted in its patches. */
const CELLS_OF_512 = 64;

/** What tells the size that a model was trained for. */
export interface SizeSource {
  readonly flavour: PixArtFlavour;
  readonly patch: number;
  readonly fields: ConfigFields;
}

/**
 * The side of the latents that a model was trained for, in cells: what the config says, else as many as the file has
 * positions for.
 *
 * @throws {ProCacheError} `invalid-model` where neither tells it.
 */
export function trainedSide(checkpoint: Checkpoint, { flavour, patch, fields }: SizeSource): number {
  const told = fields.integer(['input_size', 'sample_size'], 1, patch * Math.sqrt(MOST_TOKENS));
  const stored = flavour === 'original' && checkpoint.tensors.has(STORED_POSITIONS);
  const tokens = stored ? tellingShape(checkpoint, STORED_POSITIONS, 3, 'PixArt')[1]! : undefined;
  const side = told ?? (tokens === undefined ? undefined : Math.sqrt(tokens) * patch);
  if (side === undefined) {
    const field = flavour === 'original' ? 'input_size' : 'sample_size';
    throw invalid(
      `the tensors do not tell the size of the images; put a config.json with "${field}" beside the file, ` +
        `the side of the latents: 32 for images of 256, 64 for 512, 128 for 1024`,
    );
  }
  if (tokens !== undefined && (side / patch) ** 2 !== tokens) {
    const problem = `tensor ${STORED_POSITIONS} holds ${tokens} positions of patches of ${patch}`;
    const found = fields.find('input_size', 'sample_size');
    if (found) wrong(found, `but ${problem}; take the config that belongs to these weights`);
    throw invalid(`${problem}, which is not a square; put a config.json with "input_size" beside the file`);
  }
  if (side % patch !== 0) throw invalid(`patches of ${patch} do not tile latents of ${side}`);
  return side;
}

/**
 * Tokens along the height and along the width of the latents that are asked for, else of those that the model was
 * trained for.
 *
 * @throws {ProCacheError} `invalid-input` for a size that cannot be drawn.
 */
export function gridOf(side: number, patch: number, asked: LatentSize | undefined): readonly [number, number] {
  const { height, width } = asked ?? { height: side, width: side };
  const refuse = (problem: string): never => {
    throw new ProCacheError('invalid-input', `latents of ${height} x ${width} cells ${problem}`);
  };
  if (height % patch !== 0 || width % patch !== 0)
    refuse(`cannot be cut into patches of ${patch}; use multiples of ${patch}`);
  const tokens = (height / patch) * (width / patch);
  if (tokens > MOST_TOKENS) refuse(`have ${tokens} tokens, more than the ${MOST_TOKENS} that are supported; use fewer`);
  return [height / patch, width / patch];
}

/** What positions depend on. */
export interface PositionRule {
  readonly grid: readonly [rows: number, columns: number];
  /** Of the latents that the model was trained for, in cells. */
  readonly side: number;
  readonly patch: number;
  readonly fields: ConfigFields;
  /** Whether the model is a PixArt-Sigma in the original naming. */
  readonly isSigma: boolean;
}

/**
 * How far apart positions are, each way: whatever the size, they fill the square that the model was trained on, whose
 * side is measured in patches of 512-pixel images. The configs call the measure `interpolation_scale`, `lewei_scale`
 * or `pe_interpolation`.
 *
 * Where no config says it, it is 1 up to 512 pixels and 2 for 1024 (`max(sample_size // 64, 1)` of
 * `PixArtTransformer2DModel`, the same for PixArt's own scripts); of PixArt-Sigma's own scripts also 0.5 for 256.
 */
export function positionSpacing({ grid, side, patch, fields, isSigma }: PositionRule): readonly [number, number] {
  const found = ['interpolation_scale', 'lewei_scale', 'pe_interpolation'].map((name) => fields.number(name, 0, 1e3));
  const usual = isSigma ? side / CELLS_OF_512 : Math.max(Math.floor(side / CELLS_OF_512), 1);
  const scale = found.find((value) => value !== undefined) ?? usual;
  const base = Math.floor(side / patch);
  return [base / grid[0] / scale, base / grid[1] / scale];
}

/** Pixels of an image for a cell of its latent, each way: those of all published autoencoders of PixArt. */
const PIXELS_PER_CELL = 8;

/** More pixels to a side than any image has. */
const MOST_PIXELS = 32_768;

/**
 * The height and the width in pixels that a model is told: those of the image, unless the config says others
 * (`"resolution": [height, width]`), as diffusers' pipeline can be told.
 */
export function toldSize(
  grid: readonly [number, number],
  patch: number,
  fields: ConfigFields,
): readonly [number, number] {
  const found = fields.find('resolution');
  if (!found) return [grid[0] * patch * PIXELS_PER_CELL, grid[1] * patch * PIXELS_PER_CELL];
  const sides: readonly unknown[] = Array.isArray(found.value) ? found.value : [];
  const [height, width] = sides;
  if (sides.length === 2 && isSide(height) && isSide(width)) return [height, width];
  return wrong(found, 'not a height and a width in pixels, such as [1024, 768]');
}

function isSide(value: unknown): value is number {
  return typeof value === 'number' && value >= 1 && value <= MOST_PIXELS;
}

function invalid(message: string): ProCacheError {
  return new ProCacheError('invalid-model', message);
}
