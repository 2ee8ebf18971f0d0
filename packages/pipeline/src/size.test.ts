import { describe, expect, it } from 'vitest';
import { drawnSize } from './size.ts';
import { knownModel, SMALL_TEXTS } from './testing/small-models.ts';

/** A model of texts and of latents of `cells` x `cells`, in patches of two. */
function textModel(cells: number) {
  const latent = { channels: 4, outChannels: 8, height: cells, width: cells };
  const topology = { blocks: [['attn', 'cross', 'mlp']], grid: [cells / 2, cells / 2] as const };
  return knownModel({ latent, topology, takes: SMALL_TEXTS, valueRange: undefined });
}

describe('drawnSize', () => {
  it('is the trained size of the nearest ratio, and images are brought to what was asked for', () => {
    expect(drawnSize({ height: 600, width: 800 }, textModel(64))).toEqual({
      latent: { height: 416 / 8, width: 576 / 8 },
      images: { height: 600, width: 800 },
    });
    expect(drawnSize({ height: 256, width: 256 }, textModel(128))).toEqual({
      latent: { height: 128, width: 128 },
      images: { height: 256, width: 256 },
    });
  });

  it('takes the side that is left out from the model', () => {
    expect(drawnSize({ width: 1000 }, textModel(64))?.images).toEqual({ height: 512, width: 1000 });
    expect(drawnSize({ height: 512 }, textModel(64))).toBeUndefined();
    expect(drawnSize({}, textModel(64))).toBeUndefined();
  });

  it('is what was asked for without binning, and where there are no trained sizes', () => {
    const size = { height: 96, width: 160 };
    const drawn = { latent: { height: 12, width: 20 }, images: size };
    expect(drawnSize({ ...size, binning: false }, textModel(128))).toEqual(drawn);
    expect(drawnSize(size, textModel(16))).toEqual(drawn);
  });

  it.each([
    [{ width: 100, binning: false }, 64, 'width 100: small draws images of a multiple of 16 pixels; use 96 or 112'],
    [{ height: 8, binning: false }, 64, 'height 8: small draws images of a multiple of 16 pixels; use 16'],
    [{ height: 0 }, 64, 'height: 0 is not an integer between 1 and 16384'],
    [{ width: 1.5 }, 64, 'width: 1.5 is not an integer'],
    [{ width: 64, binning: true }, 16, 'binning: there are no trained sizes for small, which draws 128x128 pixels'],
    [{ binning: false }, 64, 'binning: it belongs to width and height; add one'],
  ])('refuses %j of a model of %d cells', (asked, cells, message) => {
    expect(() => drawnSize(asked, textModel(cells))).toThrow(message);
  });

  it('counts a pixel as a pixel where the model works on those', () => {
    expect(() => drawnSize({ width: 3 }, knownModel())).not.toThrow();
    expect(drawnSize({ width: 4 }, knownModel())?.latent).toEqual({ height: 2, width: 4 });
  });
});
