import { execFileSync } from 'node:child_process';
import { appendFile, chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { openRegular, readRegularFile, readRegularText } from './regular-file.ts';

let folder: string;
const at = (...parts: string[]) => join(folder, ...parts);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'procache-regular-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** What is said of a path, without the path. */
async function problemOf(path: string): Promise<string> {
  const cause = await readRegularFile(path, { most: 1e6, code: 'invalid-model', what: 'a checkpoint file' }).catch(
    (thrown: unknown) => thrown,
  );
  expect(cause).toMatchObject({ name: 'ProCacheError', code: 'invalid-model' });
  const { message } = cause as Error;
  expect(message.startsWith(`${path}: `)).toBe(true);
  return message.slice(path.length + 2);
}

/** Does something without the rights of an administrator, who may read everything. */
async function asAnyone(act: () => Promise<void>): Promise<void> {
  if (process.geteuid!() !== 0) return act();
  process.seteuid!(65534);
  try {
    await act();
  } finally {
    process.seteuid!(0);
  }
}

describe('readRegularFile', () => {
  it('reads a file, an empty one, and one that links lead to', async () => {
    await writeFile(at('file'), 'abc');
    await writeFile(at('empty'), '');
    await symlink('file', at('link'));
    await symlink('link', at('link of a link'));
    for (const [name, text] of [
      ['file', 'abc'],
      ['empty', ''],
      ['link', 'abc'],
      ['link of a link', 'abc'],
    ] as const) {
      expect(Buffer.from(await readRegularFile(at(name), { most: 3 })).toString()).toBe(text);
    }
  });

  it('tells what is not there from what is something else', async () => {
    await mkdir(at('inner'));
    await writeFile(at('plain'), '');
    await symlink('nowhere', at('dangling'));
    await symlink('circle', at('circle'));
    expect(await problemOf(at('missing'))).toBe('there is no such file; give a checkpoint file');
    expect(await problemOf(at('dangling'))).toBe('is a link to a file that is not there; give a checkpoint file');
    expect(await problemOf(at('plain', 'below'))).toBe(
      'there is no such file, since a part of the path is a file itself; give a checkpoint file',
    );
    expect(await problemOf(at('circle'))).toBe('is a link that leads round in a circle; give a checkpoint file');
    expect(await problemOf(at('inner'))).toBe('is a folder; give a checkpoint file');
    expect(await problemOf(at('x'.repeat(300)))).toBe('is longer than a path may be; give a checkpoint file');
    expect(await problemOf('a\0b')).toBe('is not a path; give a checkpoint file');
  });

  it.skipIf(process.platform === 'win32')('refuses pipes, devices and sockets at once, also behind links', async () => {
    execFileSync('mkfifo', [at('pipe')]);
    await symlink('pipe', at('link to a pipe'));
    const server = createServer().listen(at('socket'));
    await new Promise((resolve) => server.once('listening', resolve));
    const started = performance.now();
    expect(await problemOf(at('pipe'))).toBe('is a pipe; give a checkpoint file');
    expect(await problemOf(at('link to a pipe'))).toBe('is a pipe; give a checkpoint file');
    expect(await problemOf(at('socket'))).toBe('is a socket; give a checkpoint file');
    expect(await problemOf('/dev/zero')).toBe('is a device; give a checkpoint file');
    expect(await problemOf('/dev/tty')).toBe('is a device; give a checkpoint file');
    expect(performance.now() - started).toBeLessThan(2000);
    server.close();
  });

  it.skipIf(process.platform === 'win32')('says so where a file may not be read', async () => {
    await chmod(folder, 0o755);
    await writeFile(at('secret'), 'x');
    await chmod(at('secret'), 0);
    await mkdir(at('closed'));
    await writeFile(at('closed', 'file'), 'x');
    await chmod(at('closed'), 0);
    await asAnyone(async () => {
      expect(await problemOf(at('secret'))).toBe('you may not read it; give a checkpoint file');
      expect(await problemOf(at('closed', 'file'))).toBe('you may not read it; give a checkpoint file');
    });
    await chmod(at('closed'), 0o700);
  });

  it('refuses a file that is too long before it reads it', async () => {
    await writeFile(at('long'), 'x'.repeat(101));
    await expect(
      readRegularFile(at('long'), { most: 100, what: 'a small file', place: '--data long' }),
    ).rejects.toMatchObject({
      code: 'invalid-input',
      message: '--data long: is 101 bytes long, and the longest that is read has 100; give a small file',
    });
    expect(await readRegularFile(at('long'), { most: 101 })).toHaveLength(101);
  });

  it.skipIf(process.platform !== 'linux')('refuses a file that holds more than the system says', async () => {
    expect(await problemOf('/proc/self/status')).toBe(
      'was 0 bytes long, and more were there when it was read; give a file that is not being written at the moment',
    );
  });
});

describe('readRegularText', () => {
  it('reads UTF-8 with and without a byte order mark', async () => {
    await writeFile(at('text'), '\ufeffcafé 中');
    expect(await readRegularText(at('text'), { most: 100 })).toBe('café 中');
  });

  it('refuses other encodings, whose signs would be replaced', async () => {
    await writeFile(at('latin-1'), Buffer.from('café', 'latin1'));
    await writeFile(at('utf-16'), Buffer.from('\ufeff{"a": 1}', 'utf16le'));
    for (const name of ['latin-1', 'utf-16'])
      await expect(readRegularText(at(name), { most: 100 })).rejects.toThrow(
        `${name}: is not a text in UTF-8; give a regular file`,
      );
  });
});

test('openRegular hands out what was open when it was asked, whatever takes the name later', async () => {
  await writeFile(at('first'), 'first');
  const { handle, stats } = await openRegular(at('first'));
  await rm(at('first'));
  await appendFile(at('first'), 'another');
  expect(stats.size).toBe(5);
  expect((await handle.readFile()).toString()).toBe('first');
  await handle.close();
});
