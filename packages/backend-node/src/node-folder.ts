import { lstat, readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ProCacheError } from '@procache/core';
import { codeOf, openRegular, readReason, readRegularFile } from '@procache/files';
import { type ByteSource, type Folder, isShardIndex } from '@procache/model';
import type { FileIdentity } from './file-identity.ts';
import { type FileSource, openFile } from './file-source.ts';

/** The files of weights that were opened in some folders on this machine. */
export class OpenFiles {
  readonly #files: FileSource[] = [];

  /** The files as they were when they were opened. */
  get identities(): readonly FileIdentity[] {
    return this.#files.map(({ identity }) => identity);
  }

  async close(): Promise<void> {
    await Promise.all(this.#files.map((file) => file.close()));
  }

  /** A folder on this machine. Files are found beside others or, where those are links, beside what they lead to. */
  folder(path: string): Folder {
    const leadsTo = new Map<string, string>();
    return {
      name: path,
      open: async (name) => {
        const beside = leadsTo.get(dirname(name));
        const places = [join(path, name), ...(beside === undefined ? [] : [join(beside, basename(name))])];
        for (const place of places) {
          if (!(await isThere(place))) continue;
          if (isConfig(name)) return configSource(place);
          const source = await openFile(place);
          this.#files.push(source);
          leadsTo.set(dirname(name), source.folder);
          return source;
        }
        return undefined;
      },
      names: (inner) => namesIn(join(path, inner)),
    };
  }
}

/**
 * What lies in a folder, the names of folders with a slash at the end; `undefined` where there is no such folder.
 *
 * @throws {ProCacheError} `invalid-model` where it may not be read.
 */
export async function namesIn(path: string): Promise<readonly string[] | undefined> {
  const entries = await readdir(path, { withFileTypes: true }).catch((cause: unknown) => {
    if (['ENOENT', 'ENOTDIR'].includes(codeOf(cause))) return undefined;
    throw new ProCacheError('invalid-model', `${path}: the folder cannot be read: ${readReason(cause)}`, { cause });
  });
  const isFolder = async (name: string) => (await stat(join(path, name)).catch(() => undefined))?.isDirectory();
  return (
    entries &&
    Promise.all(
      entries.map(async (entry) =>
        entry.isDirectory() || (entry.isSymbolicLink() && (await isFolder(entry.name))) ? `${entry.name}/` : entry.name,
      ),
    )
  );
}

/** Whether there is something of that name, if only a link that leads nowhere: whoever reads it says so then. */
export function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

function isConfig(name: string): boolean {
  return name.endsWith('.json') && !isShardIndex(name);
}

/** A config, which is read whole when it is asked for, and closed again. */
async function configSource(path: string): Promise<ByteSource> {
  const options = { code: 'invalid-model', what: 'a config' } as const;
  const { handle, stats } = await openRegular(path, options);
  await handle.close();
  return {
    name: basename(path),
    size: stats.size,
    read: async (offset, length) =>
      (await readRegularFile(path, { ...options, most: stats.size })).subarray(offset, offset + length),
  };
}
