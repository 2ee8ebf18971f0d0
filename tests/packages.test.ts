import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { beforeAll, describe, expect, it } from 'vitest';
import { install, pack } from './packed.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { filesBelow, type Package, packages, published, root, workspace } from './workspace.ts';

const execute = promisify(execFile);
const inFolder = temporaryFolder();
const each = published.map((entry) => [entry.manifest.name, entry] as const);
let tarballs: ReadonlyMap<string, string>;

beforeAll(async () => {
  tarballs = await pack(inFolder('tarballs'));
});

/** What a package ships besides its code. */
const DATA: Readonly<Record<string, readonly string[]>> = {
  '@procache/core': ['schedule.schema.json'],
  '@procache/zoo': filesBelow(`${root}packages/zoo/models`).map((file) => `models/${file}`),
};

/**
 * What a package ships: for a library what tsc makes of each source, and the source; for a program JavaScript alone.
 */
function shipped({ folder, manifest }: Package): string[] {
  const sources = filesBelow(`${root}${folder}/src`)
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && !file.startsWith('testing/'))
    .map((file) => file.slice(0, -'.ts'.length));
  const built = manifest.bin ? ['.js'] : ['.d.ts', '.d.ts.map', '.js', '.js.map'];
  return [
    ...['LICENSE', 'README.md', 'package.json'],
    ...sources.flatMap((name) => [
      ...built.map((end) => `dist/${name}${end}`),
      ...(manifest.bin ? [] : [`src/${name}.ts`]),
    ]),
    ...(DATA[manifest.name] ?? []),
  ].sort();
}

describe.each(packages.map(({ manifest, folder }) => [manifest.name, manifest, folder] as const))(
  'package.json of %s',
  (_, manifest, folder) => {
    it('says where its code, its page and its issues are, as the workspace does', () => {
      const { homepage, bugs, repository, license, author, engines } = workspace;
      expect(manifest).toMatchObject({
        bugs,
        license,
        author,
        engines,
        repository: { ...repository, directory: folder },
      });
      expect(manifest.homepage).toBe(`${homepage}/tree/main/${folder}#readme`);
      expect(repository.url).toBe(`git+${homepage}.git`);
    });
  },
);

describe.each(each)('%s', (name, entry) => {
  it('has keywords, and exports its package.json', () => {
    expect(entry.manifest.keywords!.length).toBeGreaterThanOrEqual(5);
    expect(new Set(entry.manifest.keywords).size).toBe(entry.manifest.keywords!.length);
    expect(entry.manifest.exports!['./package.json']).toBe('./package.json');
  });

  it('packs what it needs and nothing else', async () => {
    const { stdout } = await execute('tar', ['-tzf', tarballs.get(name)!]);
    const packed = stdout
      .trim()
      .split('\n')
      .map((line) => line.replace(/^package\//, ''));
    expect(packed.sort()).toEqual(shipped(entry));
  });

  it('passes publint --strict', async () => {
    const { buffer } = new Uint8Array(await readFile(tarballs.get(name)!));
    const { messages, pkg } = await publint({ pack: { tarball: buffer }, strict: true });
    expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
  });

  it('has types that resolve where its JavaScript does, according to attw', async () => {
    const attw = join(root, 'tests/node_modules/@arethetypeswrong/cli/dist/index.js');
    // It exits with 1, and thereby rejects, where there is a problem.
    const { stdout } = await execute(process.execPath, [
      attw,
      tarballs.get(name)!,
      '--profile',
      'esm-only',
      '--no-emoji',
    ]);
    expect(stdout).toContain(entry.manifest.bin ? 'does not contain types' : 'OK (ESM)');
  });
});

describe('before a package is packed', () => {
  const prepack = (cwd: string) => execute(process.execPath, [join(root, 'scripts/prepack.mjs')], { cwd });

  it('loses what is built of sources that are gone', async () => {
    for (const file of ['src/kept.ts', 'dist/kept.js', 'dist/kept.d.ts.map', 'dist/gone.js', 'dist/below/gone.d.ts']) {
      await mkdir(dirname(inFolder('renamed', file)), { recursive: true });
      await writeFile(inFolder('renamed', file), '');
    }
    await prepack(inFolder('renamed'));
    expect(filesBelow(inFolder('renamed'))).toEqual(['dist/kept.d.ts.map', 'dist/kept.js', 'src/kept.ts']);
  });

  it('is refused where nothing is built', async () => {
    await mkdir(inFolder('unbuilt'));
    await expect(prepack(inFolder('unbuilt'))).rejects.toThrow('there is no dist to pack; build first');
  });
});

describe('the packed packages together', () => {
  beforeAll(() => install(tarballs, inFolder('outside')));

  it('can be imported by every name that they export', async () => {
    const names = published.flatMap(({ manifest }) =>
      Object.keys(manifest.exports!)
        .filter((path) => !path.endsWith('.json'))
        .map((path) => manifest.name + path.slice(1)),
    );
    const script =
      `for (const name of ${JSON.stringify(names)}) if (Object.keys(await import(name)).length === 0) throw new ` +
      `Error(name)`;
    await execute(process.execPath, ['--input-type=module', '--eval', script], { cwd: inFolder('outside') });
    expect(names).toContain('@procache/core/reference');
  });

  it('give a command line that says its version', async () => {
    const { stdout } = await execute(inFolder('outside/node_modules/.bin/procache'), ['--version']);
    expect(stdout).toMatch(/^(procache )?\d+\.\d+\.\d+\n/);
  });
});
