import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodePng, overview, type Picture, readPngText } from '@procache/pictures';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Job } from './job.ts';
import { writeGrid } from './picture-files.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'procache-pictures-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const picture: Picture = { width: 4, height: 4, channels: 1, data: new Uint8Array(16).fill(128) };

/** A job that draws one image of each class. */
const jobOf = (names: readonly string[]): Job =>
  ({
    chosen: {
      name: 'model',
      fingerprint: '0',
      model: {
        family: 'dit',
        flavour: 'original',
        takes: { kind: 'classes', count: names.length, names: names.map((name) => [name]) },
      },
    },
    schedule: { name: 'uncached', schedule: { version: 1, pattern: '##', legend: {} } },
    sampling: {
      conditions: names.map((_, label) => label),
      seeds: names.map((_, seed) => seed),
      sampler: 'ddim',
      eta: 0,
      rule: 'spaced',
      steps: { count: 2 },
    },
  }) as unknown as Job;

/** What the grid of such a job shows, its text left out, and that text. */
async function gridOf(names: readonly string[]) {
  const path = join(folder, 'grid.png');
  await writeGrid(
    jobOf(names),
    names.map(() => picture),
    path,
  );
  const png = await readFile(path);
  return { png, text: readPngText(png) };
}

describe('grid.png', () => {
  it('letters names beyond ASCII as they are transliterated, or as their number, and keeps them in its text', async () => {
    const names = ['Käfer', 'кошка', '猫', '\ue000\ue001'];
    const { png, text } = await gridOf(names);
    const plain = overview(
      names.map(() => picture),
      ['Kafer', 'koshka', 'Mao', '3'],
    );
    expect(Buffer.from(encodePng(plain, text)).equals(png)).toBe(true);
    expect(
      (JSON.parse(text['procache']!) as { images: readonly { name: string }[] }).images.map(({ name }) => name),
    ).toEqual(names);
    expect(text['parameters']).toContain('Käfer, кошка, 猫');
  });

  it('is as high for a name of 300 letters as for one of four lines', async () => {
    const height = async (name: string) => (await gridOf([name])).png.readUInt32BE(20);
    expect(await height('x'.repeat(300))).toBe(await height('x'.repeat(45)));
    expect(await height('猫 '.repeat(150))).toBe(await height('x'.repeat(45)));
  });

  it('takes names with signs that no picture can hold', async () => {
    const names = ['a\u0000b', '\ud800', '<svg onload=alert(1)>\u202e\u001b[2J'];
    const { text } = await gridOf(names);
    expect(
      (JSON.parse(text['procache']!) as { images: readonly { name: string }[] }).images.map(({ name }) => name),
    ).toEqual(names);
  });
});
