import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** What the tests read of a package.json. */
export interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly description: string;
  readonly keywords?: readonly string[];
  readonly homepage: string;
  readonly bugs: string;
  readonly repository: { readonly type: string; readonly url: string; readonly directory?: string };
  readonly license: string;
  readonly author: string;
  readonly packageManager?: string;
  readonly engines: Readonly<Record<string, string>>;
  readonly bin?: Readonly<Record<string, string>>;
  readonly exports?: Readonly<Record<string, unknown>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/** A package of the workspace: its folder, seen from the root, and its package.json. */
export interface Package {
  readonly folder: string;
  readonly manifest: Manifest;
}

/** The folder of the workspace, with a slash at its end. */
export const root: string = fileURLToPath(new URL('..', import.meta.url));

function manifestOf(folder: string): Manifest {
  return JSON.parse(readFileSync(`${root}${folder}/package.json`, 'utf8')) as Manifest;
}

/** The package.json of the workspace itself. */
export const workspace: Manifest = manifestOf('.');

/** All packages, in the order of their folders. */
export const packages: readonly Package[] = ['apps', 'packages'].flatMap((parent) =>
  readdirSync(root + parent).map((name) => ({
    folder: `${parent}/${name}`,
    manifest: manifestOf(`${parent}/${name}`),
  })),
);

/** The packages that are published. */
export const published: readonly Package[] = packages.filter(({ manifest }) => manifest.private !== true);

/** All files below a folder, by their paths seen from there, sorted. */
export function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath}/${entry.name}`.slice(folder.length + 1).replaceAll('\\', '/'))
    .sort();
}
