import { open, stat } from 'node:fs/promises';
import { ProCacheError } from '@procache/core';
import { messageOf } from '@procache/core/untrusted';
import { lockFile, type LockOptions } from './lock.ts';
import { readRegularFile } from './regular-file.ts';
import { writeReason } from './system-error.ts';

/** A text that grows by lines, and which one process at a time writes to. */
export interface Journal<Opened> {
  readonly path: string;
  /** What `begin` made of it. */
  readonly opened: Opened;
  /** Whether it goes on with a text that was there. */
  readonly isResumed: boolean;
  /** Ends the writing, and gives the lock back. */
  close(): Promise<void>;
}

/** What is said where a journal cannot be written; see `LockOptions` too. */
export interface JournalOptions extends LockOptions {
  /** What to do where a write fails, after the reason: `what is in it is kept`, unless given. */
  readonly kept?: string | undefined;
}

/** Bytes of the longest journal that is read: as many as a text may have. */
const MOST_BYTES = 500 * 2 ** 20;

/**
 * Begins a journal, or goes on with one. Until it is closed no other process can: beside `study.jsonl` lies
 * `study.lock`.
 *
 * `begin` is handed the text that is there, '' where there is no file, and a function that adds to it. What it adds is
 * written once it has returned, and at once from then on; where it throws, the file is as it was. Each addition is
 * written in one call and to the end of the file, so that a process that is killed leaves at most one torn line. What
 * is no UTF-8 in the text is replaced, and so shows as a torn line.
 *
 * @throws {ProCacheError} `invalid-input` for a journal that another process writes to; `execution-failed`, from every
 *   addition too, where it cannot be written; and what `begin` throws, with the path before it.
 */
export async function openJournal<Opened>(
  path: string,
  begin: (text: string, add: (lines: string) => Promise<void> | void) => Promise<Opened>,
  options: JournalOptions = {},
): Promise<Journal<Opened>> {
  const writing = <Result>(use: () => Promise<Result>): Promise<Result> => use().catch(unwritable(path, options));
  const lock = await writing(() => lockFile(path.replace(/(\.jsonl)?$/, '.lock'), options));
  try {
    const journal = await openUnlocked(path, begin, { writing, instead: options.instead });
    return { ...journal, close: () => journal.close().finally(() => lock.release()) };
  } catch (cause) {
    await lock.release();
    throw cause;
  }
}

interface Writer {
  /** Says of what fails that the journal cannot be written. */
  readonly writing: <Result>(use: () => Promise<Result>) => Promise<Result>;
  readonly instead: string | undefined;
}

async function openUnlocked<Opened>(
  path: string,
  begin: Parameters<typeof openJournal<Opened>>[1],
  { writing, instead }: Writer,
): Promise<Journal<Opened>> {
  const text = await textOf(path, instead);
  const pending: string[] = [];
  // nothing is written before `begin` has found the text good
  let add = (lines: string): Promise<void> | void => void pending.push(lines);
  const opened = await begin(text, (lines) => add(lines)).catch(placed(path));
  const file = await writing(() => open(path, 'a'));
  add = (lines) => writing(() => file.appendFile(lines));
  try {
    for (const lines of pending) await add(lines);
    return { path, opened, isResumed: text !== '', close: () => file.close() };
  } catch (cause) {
    await file.close();
    throw cause;
  }
}

async function textOf(path: string, instead: string | undefined): Promise<string> {
  if (!(await stat(path).catch(() => undefined))) return '';
  return new TextDecoder().decode(await readRegularFile(path, { most: MOST_BYTES, what: instead }));
}

/** Throws again what was thrown, with the path before it. */
function placed(path: string): (cause: unknown) => never {
  return (cause) => {
    throw cause instanceof ProCacheError
      ? new ProCacheError(cause.code, `${path}: ${cause.message}`, { cause })
      : cause;
  };
}

function unwritable(path: string, { kept = 'what is in it is kept' }: JournalOptions): (cause: unknown) => never {
  return (cause) => {
    if (cause instanceof ProCacheError) throw cause;
    throw new ProCacheError(
      'execution-failed',
      `${path}: cannot be written: ${writeReason(cause) ?? messageOf(cause)}; ${kept}`,
      { cause },
    );
  };
}
