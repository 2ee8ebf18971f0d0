import type { Stats } from 'node:fs';
import { constants, type FileHandle, lstat, open, stat } from 'node:fs/promises';
import { type ErrorCode, ProCacheError } from '@procache/core';
import { messageOf } from '@procache/core/untrusted';
import { codeOf } from './system-error.ts';

/** How a file is to be opened, and what is said where it is not the right one. */
export interface RegularFileOptions {
  /** Of the error; `invalid-input` unless given. */
  readonly code?: ErrorCode | undefined;
  /** What the file should be, with its article: `a schedule file`. Messages end with it. */
  readonly what?: string | undefined;
  /** How messages name the file; its path unless given: `--data faces.safetensors`. */
  readonly place?: string | undefined;
}

export interface ReadOptions extends RegularFileOptions {
  /** Bytes of the longest file that is read. */
  readonly most: number;
}

/** A regular file that is open for reading, and what the system says of it. */
export interface OpenedFile {
  readonly handle: FileHandle;
  readonly stats: Stats;
}

/**
 * The bytes of a regular file, or of one that links lead to.
 *
 * Folders, pipes, devices and sockets are refused by their kind before they are opened: a pipe would never end, and
 * a device need not. So is a file longer than `most` bytes, before anything of it is read.
 *
 * @throws {ProCacheError} that tells a file that is not there from one that may not be read.
 */
export async function readRegularFile(path: string, options: ReadOptions): Promise<Uint8Array<ArrayBuffer>> {
  const { handle, stats } = await openRegular(path, options);
  try {
    if (stats.size > options.most)
      refuse(path, `is ${stats.size} bytes long, and the longest that is read has ${options.most}`, options);
    // One more than there should be, to notice a file that grows.
    const bytes = await readRange(handle, 0, stats.size + 1);
    if (bytes.length !== stats.size) {
      refuse(
        path,
        `was ${stats.size} bytes long, and ${bytes.length > stats.size ? 'more' : `only ${bytes.length}`} were ` +
          `there when it was read`,
        { ...options, what: WRITTEN },
      );
    }
    return bytes;
  } catch (cause) {
    return failed(path, cause, options);
  } finally {
    await handle.close();
  }
}

/** The text of a regular file, which is UTF-8 with or without a byte order mark; see `readRegularFile`. */
export async function readRegularText(path: string, options: ReadOptions): Promise<string> {
  const bytes = await readRegularFile(path, options);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    return refuse(path, 'is not a text in UTF-8', options, cause);
  }
}

/** Opens a regular file for reading. The caller closes it. */
export async function openRegular(path: string, options: RegularFileOptions = {}): Promise<OpenedFile> {
  // Asked before it is opened, since opening alone does something to some devices; and again of what was opened.
  checkKind(path, await stat(path).catch((cause: unknown) => notFound(path, cause, options)), options);
  const handle = await open(path, READ_ONLY).catch((cause: unknown) => failed(path, cause, options));
  try {
    const stats = await handle.stat();
    checkKind(path, stats, options);
    return { handle, stats };
  } catch (cause) {
    await handle.close();
    throw cause;
  }
}

/** At most so many bytes from a place in the file; fewer where it ends before. */
export async function readRange(handle: FileHandle, offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await handle.read(bytes, done, length - done, offset + done);
    if (bytesRead === 0) return bytes.subarray(0, done);
    done += bytesRead;
  }
  return bytes;
}

/**
 * Not to wait at a pipe that has taken the file's place in between, and not to make a terminal this process's own.
 * On Windows, which has neither, the two are undefined and count as 0.
 */
const READ_ONLY = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;

const WRITTEN = 'a file that is not being written at the moment';

function checkKind(path: string, stats: Stats, options: RegularFileOptions): void {
  if (stats.isFile()) return;
  const kind = stats.isDirectory()
    ? 'a folder'
    : stats.isFIFO()
      ? 'a pipe'
      : stats.isSocket()
        ? 'a socket'
        : 'a device';
  refuse(path, `is ${kind}`, options);
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file, since a part of the path is a file itself',
  EACCES: 'you may not read it',
  EPERM: 'you may not read it',
  EISDIR: 'is a folder',
  ELOOP: 'is a link that leads round in a circle',
  ENAMETOOLONG: 'is longer than a path may be',
  ENXIO: 'is a socket or a device',
  EMFILE: 'cannot be opened: too many files are open in this process',
  ENFILE: 'cannot be opened: too many files are open on this machine',
  EIO: 'cannot be read: the disk reports an error',
  ERR_INVALID_ARG_VALUE: 'is not a path',
};

/** Tells a link that leads to nothing from a name that nothing has. */
async function notFound(path: string, cause: unknown, options: RegularFileOptions): Promise<never> {
  const isLink =
    codeOf(cause) === 'ENOENT' &&
    (await lstat(path).then(
      (found) => found.isSymbolicLink(),
      () => false,
    ));
  return isLink ? refuse(path, 'is a link to a file that is not there', options, cause) : failed(path, cause, options);
}

/** What a call of the system failed for, in words. */
function failed(path: string, cause: unknown, options: RegularFileOptions): never {
  if (cause instanceof ProCacheError) throw cause;
  return refuse(path, readReason(cause), options, cause);
}

/** Why the system refuses to read, in words. */
export function readReason(cause: unknown): string {
  return REASONS[codeOf(cause)] ?? `cannot be read (${messageOf(cause)})`;
}

function refuse(
  path: string,
  problem: string,
  { code = 'invalid-input', what = 'a regular file', place = path }: RegularFileOptions,
  cause?: unknown,
): never {
  throw new ProCacheError(code, `${place}: ${problem}; give ${what}`, cause === undefined ? {} : { cause });
}
