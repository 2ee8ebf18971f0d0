import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ProCacheError } from '@procache/core';
import { openOutputFolder, writeWhole } from '@procache/files';
import type { Assessment } from '@procache/search';
import type { Command } from 'commander';
import { noteThreads } from '../arguments/threads.ts';
import { noteUnread } from '../arguments/unread-fields.ts';
import { failureOf, Interrupted } from '../failure.ts';
import type { Host } from '../host.ts';
import { type Screen, screenOf } from '../screen.ts';
import { type CommandLine, commandLineOf } from '../search/command-line-of.ts';
import { chooseSearch, type SearchJob } from '../search/job.ts';
import { effortSoFar } from '../search/effort.ts';
import { writeBestSoFar, writeOutcome } from '../search/outcome-files.ts';
import { resultOf } from '../search/result-object.ts';
import { writeReport } from '../search/report/report.ts';
import { runJob, type SearchOutcome } from '../search/run-search.ts';
import { addSearchOptions, type SearchFlags } from '../search/search-flags.ts';
import { openSearchProgress, type SearchProgress } from '../search/search-progress.ts';
import { openStudyFile, type StudyFile } from '../search/study-file.ts';
import { jobLines, outcomeText } from '../search/summary-text.ts';
import { openWorkMeter, type WorkMeter } from '../search/work-meter.ts';
import { openWorkers, type Workers } from '../search/workers.ts';

const EXAMPLES = `
Examples:
  procache search --budget 17
  procache search --budget 8,12,17 --out mine --judge 256
  procache search --paper --budget 17 --strategy exhaustive
  procache search --target 900 --images 10
  procache search --objective kernel,latent-error --seeds 64
  procache search --budget 17 --resume`;

/** `procache search`: finds the schedule that keeps the most quality for what it may cost. */
export function defineSearch(command: Command, host: Host): void {
  addSearchOptions(command);
  command.addHelpText('after', EXAMPLES).action((flags: SearchFlags) => search(flags, host, commandLineOf(command)));
}

/** A study is kilobytes per schedule, and the report less than this. */
const BYTES = 32 * 2 ** 20;

async function search(flags: SearchFlags, host: Host, commandLine: CommandLine): Promise<void> {
  const screen = screenOf(host, flags);
  const job = await chooseSearch(flags);
  try {
    const folder = await openOutputFolder(flags.out, BYTES);
    const file = await openStudyFile(join(flags.out, 'study.jsonl'), job.header, {
      resume: flags.resume ?? false,
    }).catch(async (cause: unknown) => {
      await folder.abandon();
      throw cause;
    });
    try {
      noteUnread(screen, job.chosen.model);
      noteThreads(screen, flags.threads);
      screen.say(jobLines(job));
      await runInWorkers(job, file, { host, screen, commandLine });
    } finally {
      await file.close();
    }
  } finally {
    await job.objectives.close();
  }
}

interface Surroundings {
  readonly host: Host;
  readonly screen: Screen;
  /** What was typed. */
  readonly commandLine: CommandLine;
}

async function runInWorkers(
  job: SearchJob,
  file: StudyFile,
  { host, screen, commandLine }: Surroundings,
): Promise<void> {
  const meter = openWorkMeter(() => performance.now());
  const progress = openSearchProgress(meter, screen.progress);
  const best = new Map<number, Assessment>();
  const { study } = file;
  if (file.isResumed) screen.say(resumedText(file));
  progress.show('opening the model');
  const workers = await openWorkers(job);
  try {
    const desk = {
      study,
      workers,
      meter,
      progress,
      signal: host.signal,
      onBest: (budget: number, found: Assessment) => void best.set(budget, found),
    };
    const outcome = await runJob(job, desk);
    const ending = { meter, screen, study, workers, host, progress, commandLine };
    await writeResults(job, outcome, ending);
    best.clear(); // the files hold more than that now
    if (job.flags.report) await addReport(job, outcome, ending);
  } catch (cause) {
    progress.clear();
    if (!host.signal.aborted) throw failure(cause, file, commandLine.with('--resume'));
    throw cause instanceof Interrupted ? cause : await interruption(job, best, file, commandLine.with('--resume'));
  } finally {
    progress.clear();
    await workers.close();
  }
}

function resumedText({ path, study: { schedules, torn } }: StudyFile): string {
  const cut =
    torn === 0
      ? ''
      : `; ${torn} ${torn === 1 ? 'line was' : 'lines were'} cut off, and what was in ` +
        `${torn === 1 ? 'it' : 'them'} is done again`;
  return `going on with ${path}: ${schedules.length} schedules are known${cut}`;
}

interface Ending {
  readonly meter: WorkMeter;
  readonly screen: Screen;
  readonly study: StudyFile['study'];
  readonly workers: Workers;
  readonly host: Host;
  readonly progress: SearchProgress;
  readonly commandLine: CommandLine;
}

const REPORT = 'report.html';

/**
 * Writes and prints what was found. A report of an earlier run in the folder, which says something else, does not stay.
 */
async function writeResults(
  job: SearchJob,
  outcome: SearchOutcome,
  { meter, screen, progress }: Ending,
): Promise<void> {
  const { out } = job.flags;
  await rm(join(out, REPORT), { force: true }).catch(() => undefined); // what cannot be removed the report says
  const files = await writeOutcome(job, outcome, out);
  const effort = effortSoFar(meter);
  const result = resultOf(job, outcome, files, effort);
  await writeWhole(join(out, 'search.json'), `${JSON.stringify(result, undefined, 1)}\n`);
  progress.clear();
  screen.say(`${outcomeText(job, outcome, effort, screen.ink)}\n`);
  for (const path of [...files.schedules.values(), files.pareto]) screen.say(path);
  screen.report(result);
}

/** Makes the report. Where it fails that is a warning, since everything else is written. */
async function addReport(
  job: SearchJob,
  outcome: SearchOutcome,
  { screen, study, workers, host, progress, commandLine }: Ending,
): Promise<void> {
  const { out } = job.flags;
  const page = join(out, REPORT);
  progress.show('measuring what the report shows');
  try {
    await writeReport(page, job, outcome, { study, workers, signal: host.signal, commandLine: commandLine.text });
  } catch (cause) {
    progress.clear();
    const again = commandLine.with('--resume');
    if (host.signal.aborted)
      throw new Interrupted(
        `interrupted before ${page} was written; everything else is in ${out}\nmake it with: ${again}`,
      );
    const { message } = failureOf(cause, host.signal);
    screen.note(
      `warning: the report was not written: ${message}\n  everything else is in ${out}; make it again with: ${again}`,
    );
    return;
  }
  progress.clear();
  screen.say(page);
}

/**
 * Says of what stopped the search where it stands in the study; where it is no mistake in what was asked for, how to go
 * on.
 */
function failure(cause: unknown, { path, study }: StudyFile, resuming: string): unknown {
  if (!(cause instanceof ProCacheError)) return cause;
  const message = cause.message.startsWith('line ') ? `${path}: ${cause.message}` : cause.message;
  const way =
    cause.code === 'invalid-input' || study.schedules.length === 0
      ? ''
      : `\n${study.schedules.length} schedules are in ${path}; go on with: ${resuming}`;
  return new ProCacheError(cause.code, message + way, { cause });
}

/** Keeps the best so far, and says what there is and how to go on. */
async function interruption(
  job: SearchJob,
  best: ReadonlyMap<number, Assessment>,
  file: StudyFile,
  resuming: string,
): Promise<Interrupted> {
  const paths = await writeBestSoFar(job, best, job.flags.out);
  const kept = paths.length > 0 ? `; the best so far is in ${paths.join(', ')}` : '';
  return new Interrupted(
    `interrupted after ${file.study.schedules.length} schedules, all of which are in ${file.path}${kept}\ngo on ` +
      `with: ${resuming}`,
  );
}
