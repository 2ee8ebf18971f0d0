import { execFile } from 'node:child_process';
import {
  cpSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { install, pack } from './packed.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { published, root } from './workspace.ts';

const execute = promisify(execFile);
const inFolder = temporaryFolder();
const runtime = realpathSync(join(root, 'packages/backend-node/node_modules/onnxruntime-node'));
const { version } = JSON.parse(readFileSync(join(runtime, 'package.json'), 'utf8')) as { readonly version: string };

let tarballs: ReadonlyMap<string, string>;
beforeAll(async () => {
  tarballs = await pack(inFolder('tarballs'));
});

/** A copy of onnxruntime-node that says it is of some version, for this machine alone. */
function copyOfRuntime(folder: string, ofVersion: string): void {
  const binaries = join('bin', 'napi-v6', process.platform, process.arch);
  mkdirSync(join(folder, binaries), { recursive: true });
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ name: 'onnxruntime-node', version: ofVersion, main: 'dist/index.js' }),
  );
  cpSync(join(runtime, 'dist'), join(folder, 'dist'), { recursive: true });
  for (const file of readdirSync(join(runtime, binaries))) {
    const [from, to] = [join(runtime, binaries, file), join(folder, binaries, file)];
    try {
      linkSync(from, to);
    } catch {
      cpSync(from, to); // another disk
    }
  }
}

/**
 * Installs the packages as npm does where the project has an onnxruntime-node of its own: theirs lies below
 * backend-node.
 */
async function installBeside(folder: string, ofVersion: string): Promise<void> {
  await install(tarballs, folder);
  const [modules, nested] = [
    join(folder, 'node_modules'),
    join(folder, 'node_modules/@procache/backend-node/node_modules'),
  ];
  mkdirSync(nested);
  renameSync(join(modules, 'onnxruntime-node'), join(nested, 'onnxruntime-node'));
  copyOfRuntime(join(modules, 'onnxruntime-node'), ofVersion);
}

describe.each([
  ['another version', '1.22.0'],
  ['another copy of the same version', version],
])('the packed command line beside %s of onnxruntime-node', (name, ofVersion) => {
  const procache = (...words: readonly string[]) =>
    execute(inFolder(name, 'node_modules/.bin/procache'), words, {
      cwd: inFolder(name),
      shell: process.platform === 'win32',
    });
  beforeAll(() => installBeside(inFolder(name), ofVersion));

  it('says its version, and explains', async () => {
    expect((await procache('--version')).stdout).toMatch(/^(procache )?\d+\.\d+\.\d+\n$/);
    expect((await procache('explain', '--schedule', 'fora-3')).stdout).toContain('fora-3');
  });

  it('draws', async () => {
    await procache('generate', '--labels', '1', '--steps', '3', '--out', 'pictures');
    expect(readdirSync(inFolder(name, 'pictures'))).toContain('grid.png');
  });

  it('searches, reports, and goes on with what it has found', async () => {
    const words = [
      'search',
      '--steps',
      '4',
      '--budget',
      '3',
      '--seeds',
      '2',
      '--final-seeds',
      '0',
      '--judge',
      '2',
      '--objective',
      'kernel',
    ];
    const small = [
      '--candidates',
      '2',
      '--iterations',
      '1',
      '--forecast',
      '0',
      '--features',
      'stack',
      '--out',
      'found',
    ];
    await procache(...words, ...small);
    expect(readdirSync(inFolder(name, 'found'))).toEqual(
      expect.arrayContaining(['report.html', 'search.json', 'found-3.json']),
    );
    expect((await procache(...words, ...small, '--resume')).stderr).not.toContain('warning');
  });
});

describe('the packed command line with a native library that cannot be loaded', () => {
  const procache = (...words: readonly string[]) =>
    execute(inFolder('damaged', 'node_modules/.bin/procache'), words, {
      cwd: inFolder('damaged'),
      shell: process.platform === 'win32',
    });
  const damaged = () => inFolder('damaged', 'node_modules/onnxruntime-node');
  beforeAll(async () => {
    await install(tarballs, inFolder('damaged'));
    rmSync(damaged());
    copyOfRuntime(damaged(), version);
    const binaries = join(damaged(), 'bin', 'napi-v6', process.platform, process.arch);
    for (const file of readdirSync(binaries)) {
      rmSync(join(binaries, file));
      writeFileSync(join(binaries, file), 'no library');
    }
  });

  it.each([
    '--version',
    '--help',
    'generate --help',
    'search --help',
    'explain --schedule procache-published',
    'schedule --help',
    'inspect node_modules/@procache/zoo/models/fashion-dit',
  ])('does %s, which needs none', async (line) => {
    expect((await procache(...line.split(' '))).stdout).not.toBe('');
  });

  it('says which library it is where one is needed', async () => {
    const problem = `onnxruntime-node ${version} in ${realpathSync(damaged())} cannot be loaded: `;
    await expect(procache('generate', '--labels', '1', '--steps', '1')).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining(problem) as string,
    });
  });
});

describe('onnxruntime-node', () => {
  it('is asked for by one package alone, in a range that has an end', () => {
    const asking = published.filter(
      ({ manifest: { dependencies, peerDependencies } }) =>
        'onnxruntime-node' in { ...dependencies, ...peerDependencies },
    );
    expect(asking.map(({ manifest }) => manifest.name)).toEqual(['@procache/backend-node']);
    expect(readFileSync(join(root, 'pnpm-workspace.yaml'), 'utf8')).toMatch(/^ {2}onnxruntime-node: ~\d+\.\d+\.\d+$/m);
  });
});
