import { type FileHandle, open, realpath } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { ProCacheError } from '@procache/core';
import type { ByteSource } from '@procache/model';

/** A file that is read in ranges, and that ONNX Runtime may map. */
export interface FileSource extends ByteSource {
  /** The folder that the file is really in, links resolved: ONNX Runtime refuses data that a link leads elsewhere. */
  readonly folder: string;
  /** Its name in that folder. */
  readonly location: string;
  close(): Promise<void>;
}

/** Opens a file for reading in ranges. The caller closes it. */
export async function openFile(path: string): Promise<FileSource> {
  const real = await realpath(path).catch((cause: unknown) => {
    throw new ProCacheError('invalid-model', `${path}: there is no such file; check the path`, { cause });
  });
  const handle = await open(real, 'r').catch((cause: unknown) => {
    throw new ProCacheError('invalid-model', `${path}: cannot be opened for reading (${messageOf(cause)})`, { cause });
  });
  const { size } = await handle.stat();
  return {
    name: basename(path),
    size,
    folder: dirname(real),
    location: basename(real),
    read: (offset, length) => readRange(handle, offset, length),
    close: () => handle.close(),
  };
}

export function isFileSource(source: ByteSource): source is FileSource {
  return 'folder' in source;
}

async function readRange(handle: FileHandle, offset: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await handle.read(bytes, done, length - done, offset + done);
    if (bytesRead === 0) return bytes.subarray(0, done);
    done += bytesRead;
  }
  return bytes;
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
