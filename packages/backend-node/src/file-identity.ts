import { type BigIntStats, statSync } from 'node:fs';
import { ProCacheError } from '@procache/core';

/** What tells a file from another one that takes its name, and from itself once it was written to. Plain data. */
export interface FileIdentity {
  /** The path of the file itself, links resolved. */
  readonly path: string;
  readonly device: bigint;
  readonly inode: bigint;
  /** In bytes. */
  readonly size: bigint;
  /** When it was last written to, in nanoseconds. */
  readonly modified: bigint;
}

export function identityOf(path: string, { dev, ino, size, mtimeNs }: BigIntStats): FileIdentity {
  return { path, device: dev, inode: ino, size, modified: mtimeNs };
}

/**
 * Checks that files are still those that were opened, and as they were.
 *
 * Graphs point into the files of a checkpoint, and ONNX Runtime maps them under their names whenever it opens a graph:
 * another file there is another model, and one that was cut short ends the process. Asking takes microseconds.
 *
 * @throws {ProCacheError} `invalid-model`, with what became of the file.
 */
export function checkUnchanged(files: readonly FileIdentity[]): void {
  for (const file of files) {
    const problem = changeOf(file);
    if (problem === undefined) continue;
    throw new ProCacheError(
      'invalid-model',
      `${file.path}: ${problem} while the model was in use; ` +
        `open the model again (to replace a file that is in use, rename another one over it)`,
    );
  }
}

/**
 * Checks that the files of a model are those that were looked at before, and as they were.
 *
 * @throws {ProCacheError} `invalid-model`, with what became of them.
 */
export function checkSame(before: readonly FileIdentity[], now: readonly FileIdentity[]): void {
  checkUnchanged(before);
  const other = now.find(({ path }) => !before.some((file) => file.path === path));
  if (other === undefined) return;
  throw new ProCacheError(
    'invalid-model',
    `${other.path}: the model was in ${before[0]?.path ?? 'no file'} when it was looked at, and is here now; ` +
      `open the model again`,
  );
}

function changeOf(file: FileIdentity): string | undefined {
  const now = statsOf(file.path);
  if (now === undefined) return 'was removed or renamed';
  if (now.ino !== file.inode || now.dev !== file.device) return 'was replaced by another file';
  if (now.size !== file.size)
    return `had ${file.size} bytes when it was opened and has ${now.size} now: it was written to`;
  return now.mtimeNs === file.modified ? undefined : 'was written to';
}

function statsOf(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true });
  } catch {
    return undefined;
  }
}
