import { randomBytes } from 'node:crypto';
import { access, chmod, constants, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ProCacheError } from '@procache/core';
import { messageOf } from '@procache/core/untrusted';
import { writeReason } from './system-error.ts';
import { writeTargetOf, writeThrough, type WriteTarget } from './write-target.ts';

type FileTarget = Extract<WriteTarget, { readonly kind: 'file' }>;

/**
 * Writes a file as a whole: whoever looks finds either all of it under its name, or nothing new.
 *
 * Links are followed, and stay what they are; the mode of a file that is replaced is kept. Devices, pipes and standard
 * output take the bytes as they come. Text is written as UTF-8.
 *
 * @throws {ProCacheError} `invalid-input` of what nobody writes files over, such as a folder; `execution-failed` with
 *   the reason and a way out.
 */
export async function writeWhole(path: string, content: Uint8Array | string): Promise<void> {
  const bytes = typeof content === 'string' ? Buffer.from(content, 'utf8') : content;
  try {
    const target = await writeTargetOf(path);
    if (target.kind === 'file') await replace(target, bytes);
    else await writeThrough(target, bytes);
  } catch (cause) {
    throw writeError(path, cause);
  }
}

async function replace({ path, mode }: FileTarget, bytes: Uint8Array): Promise<void> {
  if (mode !== undefined) await access(path, constants.W_OK); // renaming would not ask
  const partial = partialOf(path);
  try {
    await writeFile(partial, bytes, { flag: 'wx' });
    if (mode !== undefined) await chmod(partial, mode);
    await rename(partial, path);
  } catch (cause) {
    await rm(partial, { force: true }).catch(() => undefined);
    throw cause;
  }
}

/** Beside the file, so that it can be renamed into its place; hidden, and no other process's. */
export function partialOf(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomBytes(4).toString('hex')}.partial`);
}

/** What is said of a file that cannot be written. */
export function writeError(path: string, cause: unknown): ProCacheError {
  if (cause instanceof ProCacheError) return cause;
  return new ProCacheError(
    'execution-failed',
    `${path}: cannot be written: ${writeReason(cause) ?? messageOf(cause)}`,
    { cause },
  );
}
