import { execFileSync } from 'node:child_process';
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openFolderOf } from './output-folder.ts';
import { writeWhole } from './write-whole.ts';

let folder = '';
const at = (name: string): string => join(folder, name);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'procache-files-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('writeWhole', () => {
  test('replaces a file as a whole, keeps its mode, and leaves nothing beside it', async () => {
    await writeFile(at('a'), 'old');
    await chmod(at('a'), 0o640);
    await writeWhole(at('a'), 'new, é');
    expect(await readFile(at('a'), 'utf8')).toBe('new, é');
    expect((await stat(at('a'))).mode & 0o777).toBe(0o640);
    expect(await readdir(folder)).toEqual(['a']);
  });

  test('follows links, to files and to names that are free, and leaves the links', async () => {
    await mkdir(at('deep'));
    await writeFile(at('deep/file'), 'old');
    await symlink('deep/file', at('link'));
    await symlink('link', at('link to link'));
    await symlink('deep/free', at('dangling'));
    await symlink('deep', at('folder'));
    await symlink('../deep/upwards', at('deep/up'));
    for (const name of ['link to link', 'dangling', 'folder/inside', 'folder/up']) await writeWhole(at(name), name);
    expect(await readFile(at('deep/file'), 'utf8')).toBe('link to link');
    expect(await readFile(at('deep/free'), 'utf8')).toBe('dangling');
    expect(await readFile(at('deep/inside'), 'utf8')).toBe('folder/inside');
    expect(await readFile(at('deep/upwards'), 'utf8')).toBe('folder/up');
    expect(await readlink(at('link'))).toBe('deep/file');
    expect(await readlink(at('dangling'))).toBe('deep/free');
  });

  test('refuses folders, sockets and links that lead round, by name', async () => {
    await symlink('b', at('a'));
    await symlink('a', at('b'));
    const server = createServer().listen(at('socket'));
    await new Promise((resolve) => server.once('listening', resolve));
    try {
      await expect(writeWhole(folder, 'x')).rejects.toThrow(`${folder}: is a folder, and is not written over`);
      await expect(writeWhole(at('socket'), 'x')).rejects.toThrow('socket: is a socket, and is not written over');
      await expect(writeWhole(at('a'), 'x')).rejects.toThrow('cannot be written: the link leads round in a circle');
      await expect(writeWhole(at('none/file'), 'x')).rejects.toThrow(
        'cannot be written: there is no such folder; make it',
      );
    } finally {
      server.close();
    }
  });
});

describe.runIf(process.platform === 'linux')('writeWhole on Linux', () => {
  test('writes through to a device, which stays what it is', async () => {
    await symlink('/dev/null', at('link'));
    for (const path of ['/dev/null', at('link')]) await writeWhole(path, 'x'.repeat(1e6));
    expect((await lstat('/dev/null')).isCharacterDevice()).toBe(true);
    expect((await lstat(at('link'))).isSymbolicLink()).toBe(true);
  });

  test.each(['/dev/full', 'link'])('tells that %s is full', async (name) => {
    await symlink('/dev/full', at('link'));
    const path = name === 'link' ? at('link') : name;
    await expect(writeWhole(path, 'x')).rejects.toMatchObject({
      code: 'execution-failed',
      message: `${path}: cannot be written: the disk is full; make room, or write elsewhere`,
    });
    expect((await stat('/dev/full')).isCharacterDevice()).toBe(true);
  });

  test('writes through to a pipe as fast as it is read, and waits for its reader', async () => {
    execFileSync('mkfifo', [at('pipe')]);
    const content = Buffer.alloc(3e6, 'abc');
    const written = writeWhole(at('pipe'), content); // more than a pipe holds, before anybody reads
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(content.equals(await readFile(at('pipe')))).toBe(true);
    await written;
    expect((await lstat(at('pipe'))).isFIFO()).toBe(true);
    expect(await readdir(folder)).toEqual(['pipe']);
  });

  test('a full disk leaves the old file as it was, and nothing half-written', async () => {
    // A file system of one page: the name fits, the content does not.
    const small = at('small');
    await mkdir(small);
    const mounted = tried(() =>
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8k', 'none', small], { stdio: 'ignore' }),
    );
    if (!mounted) return; // only root may
    try {
      await writeWhole(join(small, 'a'), 'old');
      await expect(writeWhole(join(small, 'a'), 'x'.repeat(50_000))).rejects.toThrow(
        'cannot be written: the disk is full',
      );
      expect(await readdir(small)).toEqual(['a']);
      expect(await readFile(join(small, 'a'), 'utf8')).toBe('old');
    } finally {
      execFileSync('umount', [small]);
    }
  });
});

describe('openFolderOf', () => {
  test('makes the folder of a file, and leaves devices alone', async () => {
    await openFolderOf(at('new/deep/file'), 100);
    expect((await stat(at('new/deep'))).isDirectory()).toBe(true);
    if (process.platform !== 'win32') await openFolderOf('/dev/null', 1e18);
    await expect(openFolderOf(at('new'), 1)).rejects.toThrow('is a folder');
    await expect(openFolderOf(at('other/file'), 1e18)).rejects.toThrow('left on the disk');
  });
});

function tried(what: () => void): boolean {
  try {
    what();
    return true;
  } catch {
    return false;
  }
}
