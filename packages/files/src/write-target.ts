import { type Stats, write } from 'node:fs';
import { constants, type FileHandle, open, readlink, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { ProCacheError } from '@procache/core';
import { codeOf } from './system-error.ts';

/** What a path leads to, for whoever wants to write there. */
export type WriteTarget =
  /**
   * A regular file, or a name that is free; the path has no link at its end. `mode` is that of a file that is there.
   */
  | { readonly kind: 'file'; readonly path: string; readonly mode: number | undefined }
  /** A device or a pipe, which takes what is written as it comes. */
  | { readonly kind: 'stream'; readonly path: string }
  /** What this process has open already, such as its standard output. */
  | { readonly kind: 'descriptor'; readonly descriptor: number };

/**
 * Follows a path to what is to be written to, links included, those among them that lead nowhere yet.
 *
 * Folders are refused, and so are sockets and disks, which nobody writes files over on purpose.
 */
export async function writeTargetOf(path: string): Promise<WriteTarget> {
  const named = descriptorOf(path);
  if (named !== undefined) return { kind: 'descriptor', descriptor: named };
  const stats = await stat(path).catch((cause: unknown) => {
    if (codeOf(cause) === 'ENOENT') return undefined;
    throw cause;
  });
  if (stats) checkKind(path, stats);
  if (stats && !stats.isFile()) return { kind: 'stream', path };
  const followed = await follow(path, MOST_LINKS);
  const led = descriptorOf(followed);
  return led === undefined
    ? { kind: 'file', path: followed, mode: stats && stats.mode & 0o7777 }
    : { kind: 'descriptor', descriptor: led };
}

function checkKind(path: string, stats: Stats): void {
  const odd = stats.isDirectory()
    ? 'a folder'
    : stats.isSocket()
      ? 'a socket'
      : stats.isBlockDevice()
        ? 'a disk'
        : undefined;
  if (odd !== undefined)
    throw new ProCacheError('invalid-input', `${path}: is ${odd}, and is not written over; choose another name`);
}

/** Links in a row that a system follows. */
const MOST_LINKS = 40;

async function follow(path: string, left: number): Promise<string> {
  if (descriptorOf(path) !== undefined) return path;
  const place = join(await realFolder(dirname(path)), basename(path));
  const link = await readlink(place).catch(() => undefined); // it is no link, or not there
  if (link === undefined) return place;
  if (left === 0) throw Object.assign(new Error('too many links'), { code: 'ELOOP' });
  return follow(resolve(dirname(place), link), left - 1);
}

/** The folder with its links followed; as it is where it is yet to be made. */
function realFolder(path: string): Promise<string> {
  return realpath(path).catch((cause: unknown) => {
    if (codeOf(cause) === 'ENOENT') return path;
    throw cause;
  });
}

/**
 * The number of an open file that a path names on systems with /dev: opened anew, it would be written over from its
 * start.
 */
function descriptorOf(path: string): number | undefined {
  const name = resolve(path);
  const standard = ['/dev/stdin', '/dev/stdout', '/dev/stderr'].indexOf(name);
  if (standard >= 0) return standard;
  const match = /^\/(?:dev|proc\/self)\/fd\/(\d{1,6})$/.exec(name);
  return match ? Number(match[1]) : undefined;
}

/** Writes to a device, a pipe or an open file. */
export async function writeThrough(
  target: Exclude<WriteTarget, { readonly kind: 'file' }>,
  bytes: Uint8Array,
): Promise<void> {
  if (target.kind === 'descriptor') return writeAll(target.descriptor, bytes);
  const handle = await openStream(target.path);
  try {
    await writeAll(handle.fd, bytes);
  } finally {
    await handle.close();
  }
}

/** How long a pipe is waited for that nobody reads from yet, in milliseconds. */
const PATIENCE = 10_000;
const LONGEST_PAUSE = 32;

/**
 * Not as pipes are opened by default: a thread that waits in the system for a reader cannot be stopped, and holds up
 * the end of the process.
 */
async function openStream(path: string): Promise<FileHandle> {
  for (let waited = 0; ; waited += LONGEST_PAUSE) {
    try {
      return await open(path, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    } catch (cause) {
      if (codeOf(cause) !== 'ENXIO') throw cause;
      if (waited >= PATIENCE)
        throw new ProCacheError('execution-failed', `${path}: nobody reads from this pipe; start its reader first`, {
          cause,
        });
    }
    await pause(LONGEST_PAUSE);
  }
}

const writeSome = promisify(write);

async function writeAll(descriptor: number, bytes: Uint8Array): Promise<void> {
  let wait = 1;
  for (let done = 0; done < bytes.length;) {
    try {
      const { bytesWritten } = await writeSome(descriptor, bytes, done, bytes.length - done);
      done += bytesWritten;
      wait = 1;
    } catch (cause) {
      if (codeOf(cause) !== 'EAGAIN') throw cause;
      await pause(wait); // its reader is slower than this program
      wait = Math.min(2 * wait, LONGEST_PAUSE);
    }
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resume) => setTimeout(resume, milliseconds));
}
