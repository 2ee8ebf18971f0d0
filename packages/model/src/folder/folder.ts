import type { ByteSource } from '../checkpoint/byte-source.ts';

/**
 * A folder with a model in it, wherever it lies: on a disk, on a web server, among files that somebody has picked.
 *
 * On a web server, where nobody can tell what there is:
 *
 * ```ts
 * import { bytesSource, type Folder, openFolder, openModel } from '@procache/model';
 *
 * const folder: Folder = {
 *   name: '/models/fashion-dit',
 *   async open(path) {
 *     const response = await fetch(`${folder.name}/${path}`);
 *     return response.ok ? bytesSource(path, new Uint8Array(await response.arrayBuffer())) : undefined;
 *   },
 * };
 * const open = async () => {
 *   const { checkpoint, config } = await openFolder(folder);
 *   return openModel(checkpoint, config);
 * };
 * ```
 */
export interface Folder {
  /** What messages call it: a path, an address. */
  readonly name: string;
  /**
   * A file by its path in the folder, such as `transformer/config.json`; `undefined` where there is none. Whoever made
   * the folder closes what it has opened.
   */
  open(path: string): Promise<ByteSource | undefined>;
  /**
   * The names of what lies in the folder itself (path `''`) or in one in it (`transformer`), those of folders with a
   * slash at the end; `undefined` where there is no such folder. Left out where nobody can tell: then the usual names
   * are tried, one after another.
   */
  names?(path: string): Promise<readonly string[] | undefined>;
}

/** A folder in a folder. */
export function within(folder: Folder, path: string): Folder {
  return {
    name: `${folder.name}/${path}`,
    open: (inner) => folder.open(`${path}/${inner}`),
    ...(folder.names && { names: (inner) => folder.names!(inner === '' ? path : `${path}/${inner}`) }),
  };
}
