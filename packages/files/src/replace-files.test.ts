import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openOutputPlaces, readOwnFile, replaceFiles } from './index.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'procache-replace-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const file = (name: string) => ({ name, bytes: bytes(name) });

describe('replaceFiles', () => {
  it('writes all files, and removes those of an earlier run that are not among them', async () => {
    for (const name of ['a', 'old', 'mine']) await writeFile(join(folder, name), 'before');
    const removed = await replaceFiles(folder, [file('a'), file('b')], ['a', 'old', 'gone']);
    expect(removed).toEqual([join(folder, 'old'), join(folder, 'gone')]);
    expect((await readdir(folder)).sort()).toEqual(['a', 'b', 'mine']);
    expect(await readFile(join(folder, 'a'), 'utf8')).toBe('a');
  });

  it('writes the last file when the others are gone', async () => {
    await writeFile(join(folder, 'old'), 'before');
    await mkdir(join(folder, 'list')); // which no file can be written over
    await expect(replaceFiles(folder, [file('a'), file('list')], ['old'])).rejects.toThrow();
    expect((await readdir(folder)).sort()).toEqual(['a', 'list']);
  });

  it('removes what is left where nothing is written', async () => {
    await writeFile(join(folder, 'old'), 'before');
    await replaceFiles(folder, [], ['old']);
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('readOwnFile', () => {
  it('reads regular files alone, and none that is too long', async () => {
    const path = join(folder, 'a');
    await writeFile(path, 'abc');
    await symlink(path, join(folder, 'link'));
    expect(await readOwnFile(path, 3)).toEqual(bytes('abc'));
    for (const [name, most] of [
      ['a', 2],
      ['link', 3],
      ['none', 3],
      ['.', 3],
    ] as const)
      expect(await readOwnFile(join(folder, name), most)).toBeUndefined();
  });
});

describe('openOutputPlaces', () => {
  it('makes folders, and removes those that stayed empty', async () => {
    const [first, second] = [join(folder, 'one', 'two'), join(folder, 'three')];
    const places = [
      { folder: first, bytes: 1 },
      { file: join(second, 'a'), bytes: 1 },
    ];
    const { abandon } = await openOutputPlaces(places);
    expect((await readdir(folder)).sort()).toEqual(['one', 'three']);
    await writeFile(join(second, 'a'), '');
    await abandon();
    expect(await readdir(folder)).toEqual(['three']);
  });

  it('leaves no folder behind where one of them cannot be used', async () => {
    await writeFile(join(folder, 'taken'), '');
    const places = [
      { folder: join(folder, 'one'), bytes: 1 },
      { folder: join(folder, 'taken', 'two'), bytes: 1 },
    ];
    await expect(openOutputPlaces(places)).rejects.toMatchObject({ code: 'execution-failed' });
    expect(await readdir(folder)).toEqual(['taken']);
  });
});
