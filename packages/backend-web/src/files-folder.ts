import type { ByteSource, Folder } from '@procache/model';

/** Files that somebody has picked or dropped, as a folder: they are read where they lie, and go nowhere. */
export function filesFolder(files: Iterable<File>, name: string = 'what was dropped'): Folder {
  const byPath = new Map([...files].map((file) => [pathOf(file), file]));
  const common = commonFolder([...byPath.keys()]);
  const inside = new Map([...byPath].map(([path, file]) => [path.slice(common.length), file]));
  return {
    name: common === '' ? name : common.slice(0, -1),
    open: (path) => Promise.resolve(sourceOf(path, inside.get(path))),
    names: (path) => Promise.resolve(namesIn(path, [...inside.keys()])),
  };
}

function pathOf({ webkitRelativePath: path, name }: File): string {
  return path === '' ? name : path;
}

/** The folder that all paths begin with, and a slash; nothing where they have none in common. */
function commonFolder(paths: readonly string[]): string {
  const [first = ''] = paths;
  const folder = first.slice(0, first.indexOf('/') + 1);
  return folder !== '' && paths.every((path) => path.startsWith(folder)) ? folder : '';
}

function sourceOf(path: string, file: File | undefined): ByteSource | undefined {
  if (file === undefined) return undefined;
  return {
    name: path,
    size: file.size,
    read: async (offset, length) => new Uint8Array(await file.slice(offset, offset + length).arrayBuffer()),
  };
}

function namesIn(folder: string, paths: readonly string[]): readonly string[] | undefined {
  const prefix = folder === '' ? '' : `${folder}/`;
  const inner = paths.filter((path) => path.startsWith(prefix)).map((path) => path.slice(prefix.length));
  if (inner.length === 0 && folder !== '') return undefined;
  return [...new Set(inner.map((path) => (path.includes('/') ? path.slice(0, path.indexOf('/') + 1) : path)))];
}
