import { realpath } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { openRegular, readRange, type RegularFileOptions } from '@procache/files';
import type { ByteSource } from '@procache/model';
import { type FileIdentity, identityOf } from './file-identity.ts';

/** A file that is read in ranges, and that ONNX Runtime may map. */
export interface FileSource extends ByteSource {
  /** The folder that the file is really in, links resolved: ONNX Runtime refuses data that a link leads elsewhere. */
  readonly folder: string;
  /** Its name in that folder. */
  readonly location: string;
  /** The file as it was when it was opened. */
  readonly identity: FileIdentity;
  close(): Promise<void>;
}

/**
 * Opens a regular file for reading in ranges. The caller closes it.
 *
 * @throws {ProCacheError} that tells a file that is not there from one that may not be read, and names what is no file.
 */
export async function openFile(
  path: string,
  options: RegularFileOptions = { code: 'invalid-model', what: 'a checkpoint file' },
): Promise<FileSource> {
  const { handle } = await openRegular(path, options);
  try {
    const real = await realpath(path);
    const stats = await handle.stat({ bigint: true });
    return {
      name: basename(path),
      size: Number(stats.size),
      folder: dirname(real),
      location: basename(real),
      identity: identityOf(real, stats),
      read: (offset, length) => readRange(handle, offset, length),
      close: () => handle.close(),
    };
  } catch (cause) {
    await handle.close();
    throw cause;
  }
}

export function isFileSource(source: ByteSource): source is FileSource {
  return 'folder' in source;
}
