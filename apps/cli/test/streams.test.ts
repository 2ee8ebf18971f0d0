import { execFileSync, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { lstat, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bytesSource, openCheckpoint } from '@procache/model';
import { describe, expect, it } from 'vitest';
import { FIXTURES, procache, temporaryFolder } from './spawn-procache.ts';

const inFolder = temporaryFolder();
const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const small = ['generate', '--labels', '1', '--steps', '2'];

/** Runs the built command line with its standard output, or standard error, in a file or device. */
async function into(
  path: string,
  words: readonly string[],
  stream: 'stdout' | 'stderr' = 'stdout',
): Promise<{ readonly code: number | null; readonly other: string }> {
  const file = openSync(path, 'w');
  const child = spawn(process.execPath, [main, ...words], {
    stdio: ['ignore', stream === 'stdout' ? file : 'pipe', stream === 'stderr' ? file : 'pipe'],
  });
  closeSync(file);
  let other = '';
  (child.stdout ?? child.stderr)!.on('data', (data: Buffer) => (other += data.toString()));
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, other };
}

describe.runIf(process.platform === 'linux')('standard output on a full device', () => {
  const commands: readonly (readonly string[])[] = [
    ['--help'],
    ['--version'],
    ['explain', '--schedule', 'fora-3'],
    ['explain', '--json'],
    ['inspect', 'fashion-dit'],
    ['schedule', 'export', 'fora-3', '--format', 'mask'],
    [...small, '--out', '%out'],
    [...small, '--out', '%out', '--json'],
  ];
  it.each(commands)('of %s %s %s ends with 1 and says so', async (...words) => {
    const { code, other } = await into(
      '/dev/full',
      words.map((word) => word.replace('%out', inFolder('full'))),
    );
    expect({ code, other }).toEqual({
      code: 1,
      other: 'procache: standard output: cannot be written: the disk is full; make room, or write elsewhere\n',
    });
  });

  it('still keeps the files that were made', async () => {
    await into('/dev/full', [...small, '--out', inFolder('kept')]);
    expect((await readdir(inFolder('kept'))).sort()).toEqual(['00-trouser-seed0.png', 'grid.png']);
  });

  it('changes nothing where it is standard error, whose messages nobody needs to see', async () => {
    expect((await into('/dev/full', ['inspect', 'fashion-dit'], 'stderr')).code).toBe(0);
    expect((await into('/dev/full', ['inspect', 'nowhere'], 'stderr')).code).toBe(2);
  });
});

describe('a reader that has seen enough', () => {
  it('is no failure', async () => {
    const child = spawn(process.execPath, [main, 'inspect', 'fashion-dit', '--tensors', '--json'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.destroy();
    let stderr = '';
    child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
    expect(await new Promise((resolve) => child.on('close', resolve))).toBe(0);
    expect(stderr).toBe('');
  });
});

describe.runIf(process.platform === 'linux')('files that are no files', () => {
  it('are written through: standard output, devices, links', async () => {
    await mkdir(inFolder(), { recursive: true });
    await symlink('/dev/full', inFolder('link'));
    for (const path of ['/dev/full', inFolder('link')]) {
      const { code, stderr } = await procache([...small, '--out', inFolder('o'), '--save-latents', path]);
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: `procache: ${path}: cannot be written: the disk is full; make room, or write elsewhere\n`,
      });
    }
    expect((await lstat(inFolder('link'))).isSymbolicLink()).toBe(true);
    expect((await stat('/dev/full')).isCharacterDevice()).toBe(true);
    await expect(stat(inFolder('o'))).rejects.toThrow('ENOENT');

    const whole = inFolder('whole.safetensors');
    expect(await into(whole, [...small, '--out', inFolder('p'), '--quiet', '--save-latents', '/dev/stdout'])).toEqual({
      code: 0,
      other: '',
    });
    const { tensors } = await openCheckpoint(bytesSource('whole', await readFile(whole)));
    expect(tensors.get('latents')!.shape).toEqual([1, 1, 32, 32]);
    expect(
      (await procache(['explain', '--schedule', 'fora-3', '--steps', '4', '--save', '/dev/stdout', '--json'])).stdout,
    ).toContain('"pattern": "#..#",');
    await writeFile(inFolder('target.json'), 'old');
    await symlink('target.json', inFolder('to.json'));
    expect(
      (
        await procache([
          'schedule',
          'export',
          'fora-3',
          '--format',
          'mask',
          '--steps',
          '4',
          '--out',
          inFolder('to.json'),
        ])
      ).code,
    ).toBe(0);
    expect(await readFile(inFolder('target.json'), 'utf8')).toBe('1,0,0,1\n');
    expect((await lstat(inFolder('to.json'))).isSymbolicLink()).toBe(true);
  });

  it('are refused where something is to be read, without waiting for them', async () => {
    execFileSync('mkfifo', [inFolder('fifo.json'), inFolder('fifo.safetensors')]);
    const readers: readonly (readonly string[])[] = [
      ['explain', '--schedule', '%.json'],
      ['explain', '--config', '%.json'],
      ['inspect', '%.json'],
      ['inspect', '%.safetensors'],
      ['inspect', 'fashion-dit', '--config', '%.json'],
      ['generate', '--model', '%.safetensors'],
      ['generate', '--noise', '%.safetensors'],
      ['schedule', 'resample', '%.json', '--steps', '4'],
      ['schedule', 'import', '%.json', '--format', 'mask'],
    ];
    const paths = [inFolder('fifo'), '/dev/zero', inFolder()];
    for (const words of readers) {
      for (const path of paths) {
        const asked = words.map((word) =>
          word.startsWith('%') ? (path.endsWith('fifo') ? path + word.slice(1) : path) : word,
        );
        if (path === inFolder() && (asked[1] === '--model' || asked.length === 2)) continue; // a folder may be a model
        const { code, stderr, milliseconds } = await procache(asked);
        expect([1, 2]).toContain(code);
        expect(stderr).toMatch(/: is a (pipe|device|folder); give /);
        expect(stderr).not.toContain('a defect');
        expect(milliseconds).toBeLessThan(10_000);
      }
    }
  });

  it('tell a file that may not be read from one that is not there', async () => {
    if (process.getuid?.() === 0) return; // root may read everything
    await writeFile(inFolder('secret.json'), '{}', { mode: 0 });
    expect((await procache(['explain', '--schedule', inFolder('secret.json')])).stderr).toContain(
      'you may not read it',
    );
    expect((await procache(['explain', '--schedule', inFolder('none.json')])).stderr).toContain(
      'there is no such file',
    );
  });
});

describe('a model that gives NaN', () => {
  it.each([[], ['--compare']])('ends with 1, names the step, and leaves no picture: %j', async (...more) => {
    const out = inFolder('nan');
    const { code, stdout, stderr } = await procache([
      'generate',
      '--model',
      join(FIXTURES, 'cases/18-nan/nanpix'),
      '--labels',
      '1',
      '--steps',
      '2',
      '--out',
      out,
      ...more,
    ]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^procache: step 0 \('#'\): .*NaN/);
    expect(stdout).not.toContain('PSNR');
    await expect(stat(out)).rejects.toThrow('ENOENT');
  });
});
