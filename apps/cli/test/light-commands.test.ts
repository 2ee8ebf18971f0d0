import { writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { procache, temporaryFolder } from './spawn-procache.ts';

const inFolder = temporaryFolder();

/** Runs the built command line where no native library can be loaded. */
async function withoutNativeLibraries(...words: string[]) {
  const trap = inFolder('trap.cjs');
  await writeFile(trap, `process.dlopen = (module, file) => { throw new Error('loaded ' + file); };`);
  return procache(words, { env: { NODE_OPTIONS: `--require ${trap}` } });
}

describe('without any native library', () => {
  it.each([
    [['--version'], ''],
    [['--help'], 'Usage: procache'],
    [['help', 'generate'], 'Usage: procache generate'],
    [['help', 'search'], 'Usage: procache search'],
    [['help', 'bench'], 'Usage: procache bench'],
    [['help', 'schedule', 'import'], 'Usage: procache schedule import'],
    [['explain', '--schedule', 'procache-published'], 'multiply-adds'],
    [['explain', '--shape', 'dit-xl/2'], 'multiply-adds'],
    [['inspect', 'fashion-dit', '--tensors'], 'supported'],
    [['schedule', 'export', 'fora-3', '--format', 'ecad'], 'cache_schedule'],
    [['schedule', 'resample', 'searched-17', '--steps', '20', '--quiet'], 'pattern'],
  ])('%j does what it does', async (words, expected) => {
    const { code, stdout, stderr } = await withoutNativeLibraries(...words);
    expect({ code, stderr: stderr.replaceAll(/^(?:note:| {2}).*\n/gm, '') }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain(expected);
  });

  it('nothing can be drawn', async () => {
    const { code, stderr } = await withoutNativeLibraries(
      'generate',
      '--labels',
      '1',
      '--steps',
      '1',
      '--out',
      inFolder('out'),
    );
    expect(code).toBe(1);
    expect(stderr).toContain('onnxruntime');
  });
});
