import { describe, expect, it } from 'vitest';
import {
  COMPARISON,
  earlierFiles,
  encodePng,
  GRID,
  insertPngText,
  overview,
  type Picture,
  PREVIEW,
  previewFile,
  type Provenance,
  provenanceText,
  readPngText,
  runFiles,
} from './index.ts';

const picture: Picture = { width: 4, height: 4, channels: 1, data: new Uint8Array(16).fill(128) };

const provenanceOf = (names: readonly string[], seed: number = 0): Provenance => ({
  version: '0.1.0',
  model: { name: 'model', family: 'dit', flavour: 'original', fingerprint: '0' },
  schedule: { name: 'fora-2', version: 1, pattern: '#.', legend: {} },
  steps: 2,
  sampler: 'ddim',
  timesteps: 'spaced',
  guidance: 1,
  images: names.map((name, condition) => ({ condition, name, seed: seed + condition })),
});
const filesOf = (provenance: Provenance, isCompared: boolean = false) => {
  const pictures = provenance.images.map(() => picture);
  const beside = isCompared ? { pictures, uncachedSeconds: 2, seconds: 1, psnr: 30 } : undefined;
  return new Map(Array.from(runFiles({ pictures, provenance, beside }), ({ name, bytes }) => [name, bytes]));
};
/** The size of a PNG file. */
const sizeOf = (png: Uint8Array) => [new DataView(png.buffer).getUint32(16), new DataView(png.buffer).getUint32(20)];

describe('runFiles', () => {
  it('makes a picture of each image, and the grid last', () => {
    const files = filesOf(provenanceOf(['bag', 'shirt']));
    expect([...files.keys()]).toEqual(['00-bag-seed0.png', '01-shirt-seed1.png', GRID]);
    const { procache } = readPngText(files.get('01-shirt-seed1.png')!);
    expect(JSON.parse(procache!)).toMatchObject({ steps: 2, images: [{ condition: 1, name: 'shirt', seed: 1 }] });
  });

  it('sets two runs beside one another, the first ten images of them', () => {
    const [few, many] = [12, 40].map((count) => filesOf(provenanceOf(Array.from({ length: count }, String)), true));
    expect([...few!.keys()].slice(-2)).toEqual([COMPARISON, GRID]);
    expect(sizeOf(few!.get(COMPARISON)!)).toEqual(sizeOf(many!.get(COMPARISON)!));
  });

  it('letters names beyond ASCII as they are transliterated, or as their number, and keeps them in its text', () => {
    const names = ['Käfer', 'кошка', '猫', '\ue000\ue001'];
    const grid = filesOf(provenanceOf(names)).get(GRID)!;
    const text = readPngText(grid);
    const plain = overview(
      names.map(() => picture),
      ['Kafer', 'koshka', 'Mao', '3'],
    );
    expect(encodePng(plain, text)).toEqual(grid);
    expect((JSON.parse(text['procache']!) as Provenance).images.map(({ name }) => name)).toEqual(names);
    expect(text['parameters']).toContain('Käfer, кошка, 猫');
  });

  it('has a grid as high for a name of 300 letters as for one of four lines', () => {
    const height = (name: string) => sizeOf(filesOf(provenanceOf([name])).get(GRID)!)[1];
    expect(height('x'.repeat(300))).toBe(height('x'.repeat(45)));
    expect(height('猫 '.repeat(150))).toBe(height('x'.repeat(45)));
  });

  it('takes names with signs that no picture can hold', () => {
    const names = ['a\u0000b', '\ud800', '<svg onload=alert(1)>\u202e\u001b[2J'];
    const text = readPngText(filesOf(provenanceOf(names)).get(GRID)!);
    expect((JSON.parse(text['procache']!) as Provenance).images.map(({ name }) => name)).toEqual(names);
  });

  it('refuses other numbers of pictures than of images', () => {
    expect(() => runFiles({ pictures: [picture], provenance: provenanceOf(['a', 'b']) }).next()).toThrow(
      '1 pictures of 2 images; pass one for each',
    );
  });
});

describe('earlierFiles', () => {
  const foundIn = async (files: ReadonlyMap<string, Uint8Array>) =>
    [...(await earlierFiles((name) => Promise.resolve(files.get(name))))].sort();

  it('finds all that a run wrote', async () => {
    for (const isCompared of [false, true]) {
      const files = filesOf(provenanceOf(['bag', 'shirt']), isCompared);
      expect(await foundIn(files)).toEqual([...files.keys()].sort());
    }
    expect(await foundIn(new Map())).toEqual([]);
  });

  it('finds the preview of a run, whether or not that came to its end', async () => {
    const { name, bytes } = previewFile([picture, picture], provenanceOf(['bag', 'shirt']), 1);
    expect(name).toBe(PREVIEW);
    expect(readPngText(bytes)['parameters']).toContain('\nSteps: 1 of 2, ');
    expect(await foundIn(new Map([[PREVIEW, bytes]]))).toEqual([PREVIEW]);
    expect(await foundIn(new Map([[PREVIEW, bytes], ...filesOf(provenanceOf(['bag']))]))).toHaveLength(3);
    expect(await foundIn(new Map([[PREVIEW, encodePng(picture)]]))).toEqual([]);
  });

  it('leaves what is not of that run, or was changed', async () => {
    const files = filesOf(provenanceOf(['bag', 'shirt', 'coat']));
    files.set('00-bag-seed0.png', Uint8Array.of(1, 2, 3));
    files.set('01-shirt-seed1.png', files.get('02-coat-seed2.png')!);
    files.set('03-boot-seed3.png', encodePng(picture, provenanceText(provenanceOf(['boot'], 3))));
    expect(await foundIn(files)).toEqual(['02-coat-seed2.png', GRID]);
    files.delete(GRID);
    expect(await foundIn(files)).toEqual([]);
  });

  it('looks for no file that a grid names with a path of its own', async () => {
    const asked: string[] = [];
    const images = [{ name: '../../etc/passwd', seed: '../../x', condition: 0 }];
    const grid = insertPngText(encodePng(picture), { procache: JSON.stringify({ images }) });
    await earlierFiles((name) => {
      asked.push(name);
      return Promise.resolve(name === GRID ? grid : undefined);
    });
    expect(asked).toEqual([PREVIEW, GRID, COMPARISON, '00-etc-passwd-noise.png']);
  });
});
