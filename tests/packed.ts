import { execFile } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { mkdir, readdir, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { published, root, workspace } from './workspace.ts';

const execute = promisify(execFile);

/** Packs the published packages into a folder, as a release does; resolves to the tarball of each, by name. */
export async function pack(folder: string): Promise<ReadonlyMap<string, string>> {
  const chosen = published.flatMap(({ manifest }) => ['--filter', manifest.name]);
  const command = ['--yes', workspace.packageManager!, '-r', ...chosen, 'pack', '--pack-destination', folder];
  await execute('npx', command, { cwd: root, shell: process.platform === 'win32' }).catch((cause: unknown) => {
    throw new Error(`the packages cannot be packed: ${(cause as { stdout: string }).stdout}`, { cause });
  });
  const tarballs = await readdir(folder);
  return new Map(
    published.map(({ manifest: { name } }) => {
      const start = `${name.replace('@', '').replace('/', '-')}-`;
      return [
        name,
        join(
          folder,
          tarballs.find((file) => file.startsWith(start) && /^\d/.test(file.slice(start.length)))!,
        ),
      ];
    }),
  );
}

/** Unpacks a tarball of npm into a folder of its own. */
export async function unpack(tarball: string, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await execute('tar', ['-xzf', tarball, '-C', folder, '--strip-components=1']);
}

/**
 * Installs the packed packages into a folder outside of the workspace, as npm would, without a network: what they
 * depend on besides each other is linked to where the workspace has it.
 */
export async function install(tarballs: ReadonlyMap<string, string>, folder: string): Promise<void> {
  for (const { folder: own, manifest } of published) {
    await unpack(tarballs.get(manifest.name)!, join(folder, 'node_modules', manifest.name));
    const wanted = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies });
    for (const name of wanted.filter((other) => !tarballs.has(other))) await link(join(root, own), name, folder);
  }
  await mkdir(join(folder, 'node_modules/.bin'));
  for (const { manifest } of published) {
    for (const [name, script] of Object.entries(manifest.bin ?? {})) {
      await symlink(join('..', manifest.name, script), join(folder, 'node_modules/.bin', name));
    }
  }
}

/** Puts a package that `from` depends on into the folder's node_modules. */
export async function link(from: string, name: string, folder: string): Promise<void> {
  const place = join(folder, 'node_modules', name);
  await mkdir(dirname(place), { recursive: true });
  await symlink(realpathSync(join(from, 'node_modules', name)), place, 'junction').catch((cause: unknown) => {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
  });
}
