import { open, stat } from 'node:fs/promises';
import { readRegularFile } from '@procache/backend-node';
import { ProCacheError } from '@procache/core';
import { resumeStudy, type Study, type StudyHeader } from '@procache/search';
import { messageOf, systemReason } from '../files/system-error.ts';
import { lockStudy } from './study-lock.ts';

/** A study, and the file that it is written to. */
export interface StudyFile {
  readonly study: Study;
  readonly path: string;
  /** Whether it goes on with what an earlier run has left. */
  readonly isResumed: boolean;
  readonly close: () => Promise<void>;
}

/** Bytes of the longest study that is read: as many as a text may have. */
const MOST_BYTES = 500 * 2 ** 20;

/**
 * Begins the study of a file, or goes on with it. Until it is closed no other process can.
 *
 * A line is written in one call and to the end of the file, so that a process that is killed leaves at most one torn
 * line.
 *
 * @throws {ProCacheError} `invalid-input` where there is a study and `resume` was not asked for, one of other
 * conditions, or one
 *   that another process writes to; `execution-failed`, from the study too, where it cannot be written.
 */
export async function openStudyFile(
  path: string,
  header: StudyHeader,
  { resume }: { readonly resume: boolean },
): Promise<StudyFile> {
  const lock = await writing(path, () => lockStudy(path.replace(/(\.jsonl)?$/, '.lock')));
  try {
    const { study, isResumed, close } = await openUnlocked(path, header, resume);
    return { study, path, isResumed, close: () => close().finally(lock.release) };
  } catch (cause) {
    await lock.release();
    throw cause;
  }
}

async function openUnlocked(
  path: string,
  header: StudyHeader,
  resume: boolean,
): Promise<Pick<StudyFile, 'study' | 'isResumed' | 'close'>> {
  const text = await textOf(path);
  if (text !== '' && !resume) {
    throw new ProCacheError(
      'invalid-input',
      `${path}: there is a study already; --resume goes on with it, and another --out begins another`,
    );
  }
  const pending: string[] = [];
  // nothing is written before the header has been compared
  let write = (more: string): Promise<void> | void => void pending.push(more);
  const study = await resumeStudy(text, header, (more) => write(more)).catch((cause: unknown) => {
    throw cause instanceof ProCacheError
      ? new ProCacheError(cause.code, `${path}: ${cause.message}`, { cause })
      : cause;
  });
  const file = await writing(path, () => open(path, 'a'));
  write = (more) => writing(path, () => file.appendFile(more));
  try {
    for (const more of pending) await write(more);
    return { study, isResumed: text !== '', close: () => file.close() };
  } catch (cause) {
    await file.close();
    throw cause;
  }
}

/** The text of a study; none where there is no file. What is no text in UTF-8 is a torn line. */
async function textOf(path: string): Promise<string> {
  if (!(await stat(path).catch(() => undefined))) return '';
  const bytes = await readRegularFile(path, { most: MOST_BYTES, what: 'another --out' });
  return new TextDecoder().decode(bytes);
}

/** Says of what fails that the study cannot be written, and that what is in it is not lost. */
async function writing<Result>(path: string, use: () => Promise<Result>): Promise<Result> {
  try {
    return await use();
  } catch (cause) {
    if (cause instanceof ProCacheError) throw cause;
    throw new ProCacheError(
      'execution-failed',
      `${path}: cannot be written: ${systemReason(cause) ?? messageOf(cause)}; ` +
        `what is in it is kept, and --resume goes on from there`,
      { cause },
    );
  }
}
