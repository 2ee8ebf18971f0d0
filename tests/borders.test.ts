import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { filesBelow, packages, root } from './workspace.ts';

/** A package of the family without its scope: `core`. */
const short = (name: string): string => name.replace('@procache/', '');
const namesIn = (text: string): string[] => [...text.matchAll(/[a-z][a-z-]+/g)].map(([name]) => name).sort();
const read = (file: string): string => readFileSync(root + file, 'utf8');

/** What each package depends on of the family, as its package.json says; the command line may use everything. */
const dependencies = new Map(
  packages
    .filter(({ folder }) => folder !== 'apps/cli' && folder !== 'packages/conformance')
    .map(({ folder, manifest }) => [
      folder.replace('packages/', ''),
      Object.keys(manifest.dependencies ?? {})
        .filter((name) => name.startsWith('@procache/'))
        .map(short)
        .sort(),
    ]),
);

/** What is said in lines of two lists, which packages and what they depend on, by the package. */
function said(lines: Iterable<RegExpMatchArray>): Map<string, string[]> {
  return new Map(
    [...lines].flatMap(([, left, right]) =>
      namesIn(left!).map((name): [string, string[]] => [name, right!.includes('nothing') ? [] : namesIn(right!)]),
    ),
  );
}

describe('what a package depends on of the family', () => {
  it('is what the fences of the linter allow', () => {
    const fences = read('eslint.config.js').matchAll(/^ {2}fence\(\s*'([^']+)',\s*\[(.*?)\]/gm);
    expect(said(fences)).toEqual(dependencies);
  });

  it('is what the diagram of ARCHITECTURE.md shows', () => {
    const diagram = /^ {4}apps\/cli[^]*?\n\n/m.exec(read('ARCHITECTURE.md').split('## Packages')[1]!)![0];
    const lines = diagram.matchAll(/^[ |\\-]+([a-z][a-z-]*(?:, [a-z][a-z-]*)*) {3,}\S.*?-> (.*)$/gm);
    expect(said(lines)).toEqual(dependencies);
  });

  it('is what the import rules of CONTRIBUTING.md list', () => {
    const table = /\| may import of the family \|\n[^]*?\n\n/.exec(read('CONTRIBUTING.md'))![0];
    const rows = [...table.matchAll(/^\| (`.*?) \| (.*) \|$/gm)].filter(([, left]) => left !== '`apps/cli`');
    expect(said(rows)).toEqual(dependencies);
  });
});

describe('the reading order of ARCHITECTURE.md', () => {
  const [, folders, files] = /\| folder \| holds \|\n([^]*?)\n\n([^]*?)\n\n/.exec(read('ARCHITECTURE.md'))!;
  const order = [...folders!.matchAll(/`([a-z]+)\/`/g)].map(([, name]) => name!);
  const sources = filesBelow(`${root}packages/core/src`);

  it('has every folder of core, each after those that it imports', () => {
    expect([...order].sort()).toEqual([...new Set(sources.flatMap((file) => /^[a-z]+(?=\/)/.exec(file) ?? []))].sort());
    for (const file of sources.filter((name) => name.includes('/') && !name.endsWith('.test.ts'))) {
      const reached = read(`packages/core/src/${file}`).matchAll(/ from '(?:\.\.\/)+([a-z]+)\//g);
      const allowed = order.slice(0, order.indexOf(file.split('/')[0]!) + 1);
      for (const [, folder] of reached) expect(allowed, `${file} imports ${folder!}`).toContain(folder);
    }
  });

  it('names files that there are', () => {
    const all = packages.flatMap(({ folder }) =>
      filesBelow(`${root}${folder}/src`).map((file) => `${folder}/src/${file}`),
    );
    const named = [...files!.matchAll(/`([a-z/-]+(?:\.ts|\/))`/g)].map(([, name]) => name!);
    expect(named.length).toBeGreaterThan(20);
    for (const name of named)
      expect(
        all.some((file) => `/${file}`.includes(`/${name}`)),
        name,
      ).toBe(true);
  });
});
