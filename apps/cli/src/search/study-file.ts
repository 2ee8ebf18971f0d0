import { open, readFile, stat } from 'node:fs/promises';
import { ProCacheError } from '@procache/core';
import { resumeStudy, type Study, type StudyHeader } from '@procache/search';

/** A study, and the file that it is written to. */
export interface StudyFile {
  readonly study: Study;
  readonly path: string;
  /** Whether it goes on with what an earlier run has left. */
  readonly isResumed: boolean;
  readonly close: () => Promise<void>;
}

/**
 * Begins the study of a file, or goes on with it.
 *
 * A line is written in one call and to the end of the file, so that a process that is killed leaves at most one torn line.
 *
 * @throws {ProCacheError} `invalid-input` where there is a study and `resume` was not asked for, or one of other conditions.
 */
export async function openStudyFile(path: string, header: StudyHeader, { resume }: { readonly resume: boolean }): Promise<StudyFile> {
  const size = (await stat(path).catch(() => undefined))?.size ?? 0;
  if (size > 0 && !resume) {
    throw new ProCacheError('invalid-input', `${path}: there is a study already; --resume goes on with it, and another --out begins another`);
  }
  const text = size > 0 ? await readFile(path, 'utf8') : '';
  const pending: string[] = [];
  let write = (more: string): Promise<void> | void => void pending.push(more); // nothing is written before the header has been compared
  const study = await resumeStudy(text, header, (more) => write(more)).catch((cause: unknown) => {
    throw cause instanceof ProCacheError ? new ProCacheError(cause.code, `${path}: ${cause.message}`, { cause }) : cause;
  });
  const file = await open(path, 'a');
  write = (more) => file.appendFile(more);
  for (const more of pending) await write(more);
  return { study, path, isResumed: size > 0, close: () => file.close() };
}
