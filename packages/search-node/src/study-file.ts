import { ProCacheError } from '@procache/core';
import { type Journal, openJournal } from '@procache/files';
import { resumeStudy, type Study, type StudyHeader } from '@procache/search';

/** A study, and the file that it is written to. */
export interface StudyFile extends Omit<Journal<Study>, 'opened'> {
  readonly study: Study;
}

/** What is said where a study cannot be opened, or written. */
const ADVICE = {
  held: 'another search is writing to the study there',
  advice: 'wait for it or end it, and then --resume, or search with another --out',
  instead: 'another --out',
  kept: 'what is in it is kept, and --resume goes on from there',
};

/**
 * Begins the study of a file, or goes on with it, under a lock until it is closed.
 *
 * @throws {ProCacheError} `invalid-input` where there is a study and `resume` was not asked for, one of other
 *   conditions, or one that another process writes to; `execution-failed`, from the study too, where it cannot be
 *   written.
 */
export async function openStudyFile(
  path: string,
  header: StudyHeader,
  { resume }: { readonly resume: boolean },
): Promise<StudyFile> {
  const begin = async (text: string, add: (lines: string) => Promise<void> | void): Promise<Study> => {
    if (text === '' || resume) return resumeStudy(text, header, add);
    throw new ProCacheError(
      'invalid-input',
      'there is a study already; --resume goes on with it, and another --out begins another',
    );
  };
  const { opened: study, ...file } = await openJournal(path, begin, ADVICE);
  return { ...file, study };
}
