import { randomBytes } from 'node:crypto';
import { readFile, readlink, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { ProCacheError } from '@procache/core';
import { integerOf, objectOf, parseJson, shownName, textOf } from '@procache/core/untrusted';
import { readRegularText } from './regular-file.ts';
import { codeOf } from './system-error.ts';

/** The right to do what a lock stands for. */
export interface FileLock {
  /** Gives it back. */
  release(): Promise<void>;
}

/** What is said where a lock is not to be had. */
export interface LockOptions {
  /** What its holder does: `another search is writing to the study there`. */
  readonly held?: string | undefined;
  /** What to do then: `wait for it or end it`, unless given. */
  readonly advice?: string | undefined;
  /** What to give instead of a path that leads to no regular file: `another folder`. */
  readonly instead?: string | undefined;
}

/** The process that has a lock, told from others that have had its number. */
interface Holder {
  /** The machine, since when it has been running, and the part of it in which the number counts. */
  readonly machine: string;
  readonly pid: number;
  /** When the process was started, as the system counts; '' where it does not say. */
  readonly started: string;
}

/** Milliseconds between two signs of life that a holder gives, by the time of its file. */
const BEAT = 5_000;
/** A holder that cannot be looked at and has given no sign of life for so long is gone. */
const SILENCE = 60_000;
/** Bytes of the longest lock; a machine's name is most of it. */
const MOST_BYTES = 4096;
/** How often a lock whose holder is gone may be taken by somebody else in the same moment. */
const ATTEMPTS = 5;

/**
 * Takes a lock, which is a file that names its holder, or refuses where its holder is alive.
 *
 * A process that is killed leaves the file, and it means nothing then: whoever comes next looks whether that process
 * still runs. Where it cannot look, in another container or on another machine that shares the disk, it goes by the
 * time of the file, which the holder renews.
 *
 * @throws {ProCacheError} `invalid-input` while another process holds it, or this one does; what the system says, where
 *   no file can be made there.
 */
export async function lockFile(path: string, options: LockOptions = {}): Promise<FileLock> {
  const { held = 'another process holds this lock', advice = 'wait for it or end it', instead } = options;
  const read = (): Promise<string | undefined> => readLock(path, instead);
  const own = JSON.stringify(await holderOf(process.pid));
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (await tookFree(path, own)) return heldLock(path, own);
    const found = await read();
    if (found === undefined) continue; // given back in this moment
    if (await isAlive(path, found)) break;
    await clear(path, found, instead);
  }
  throw new ProCacheError('invalid-input', `${path}: ${held}${await nameOf((await read()) ?? '')}; ${advice}`);
}

/** Makes the file, if there is none. */
async function tookFree(path: string, own: string): Promise<boolean> {
  try {
    await writeFile(path, own, { flag: 'wx' });
    return true;
  } catch (cause) {
    if (codeOf(cause) === 'EEXIST') return false;
    throw cause;
  }
}

function heldLock(path: string, own: string): FileLock {
  const beat = setInterval(() => void utimes(path, new Date(), new Date()).catch(() => undefined), BEAT).unref();
  return {
    release: async () => {
      clearInterval(beat);
      if ((await readLock(path).catch(() => undefined)) === own) await rm(path, { force: true });
    },
  };
}

/**
 * Removes a lock whose holder is gone, and no other: it is moved away first, and put back where it was taken in
 * between.
 */
async function clear(path: string, judged: string, instead: string | undefined): Promise<void> {
  const aside = `${path}.${randomBytes(4).toString('hex')}`;
  try {
    await rename(path, aside);
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return; // somebody else has cleared it
    throw cause;
  }
  const moved = (await readLock(aside, instead)) ?? judged;
  if (moved !== judged) await writeFile(path, moved, { flag: 'wx' }).catch(() => undefined);
  await rm(aside, { force: true });
}

/** What a lock says; undefined where there is none any more. */
async function readLock(path: string, what?: string): Promise<string | undefined> {
  try {
    return await readRegularText(path, { most: MOST_BYTES, what });
  } catch (cause) {
    if (!(await stat(path).catch(() => undefined))) return undefined;
    throw cause;
  }
}

async function isAlive(path: string, text: string): Promise<boolean> {
  const holder = holderIn(text);
  if (holder && holder.machine === (await machine())) {
    const started = await startOf(holder.pid);
    if (started === undefined) return false;
    if (started !== '' && holder.started !== '') return started === holder.started;
  }
  const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: 0 }));
  return Date.now() - mtimeMs < SILENCE;
}

/** The holder that a lock names; undefined where it is not, or not yet, written. */
function holderIn(text: string): Holder | undefined {
  try {
    const {
      machine: where,
      pid,
      started,
    } = objectOf({ value: parseJson(text, { name: 'lock', code: 'invalid-input' }), place: 'lock' });
    return {
      machine: textOf({ value: where, place: 'lock.machine' }),
      pid: integerOf({ value: pid, place: 'lock.pid' }, 1),
      started: typeof started === 'string' ? started : '',
    };
  } catch (cause) {
    if (cause instanceof ProCacheError) return undefined;
    throw cause;
  }
}

async function nameOf(text: string): Promise<string> {
  const holder = holderIn(text);
  if (!holder) return '';
  return holder.machine === (await machine())
    ? ` (process ${holder.pid})`
    : ` (process ${holder.pid} on ${shownName(holder.machine.split(' ')[0]!)})`;
}

async function holderOf(pid: number): Promise<Holder> {
  return { machine: await machine(), pid, started: (await startOf(pid)) ?? '' };
}

/**
 * On Linux also the boot and the process namespace: containers count processes anew, and machines do after a restart.
 */
async function machine(): Promise<string> {
  const [boot, namespace] = await Promise.all([
    readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => ''),
    readlink('/proc/self/ns/pid').catch(() => ''),
  ]);
  return [hostname(), boot.trim(), namespace].filter((part) => part !== '').join(' ');
}

/** When a process was started, '' where the system does not say; undefined where there is no such process any more. */
async function startOf(pid: number): Promise<string | undefined> {
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  if (status !== undefined) {
    // its name, in brackets, may hold anything
    const [state, ...fields] = status.slice(status.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' || state === 'X' ? undefined : fields[18]; // dead, and only not yet buried
  }
  try {
    process.kill(pid, 0); // asks, and does nothing
    return '';
  } catch (cause) {
    return codeOf(cause) === 'ESRCH' ? undefined : '';
  }
}
