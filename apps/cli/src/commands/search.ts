import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ProCacheError } from '@procache/core';
import { openOutputFolder, writeWhole } from '@procache/files';
import { campaignText, doingText, outcomeText } from '@procache/report';
import {
  type Assessment,
  bestSoFar,
  type CampaignHost,
  type CampaignOutcome,
  effortSoFar,
  openWorkMeter,
  outcomeObject,
  runCampaign,
} from '@procache/search';
import {
  openSearchWorkers,
  openStudyFile,
  type SearchWorkers,
  type StudyFile,
  writeOutcome,
  writeReport,
  writeSchedules,
} from '@procache/search-node';
import type { Command } from 'commander';
import { noteThreads } from '../arguments/machine.ts';
import { noteUnread } from '../unread-fields.ts';
import { warningText } from '../generation/condition-warnings.ts';
import { failureOf, Interrupted } from '../failure.ts';
import type { Host } from '../host.ts';
import { type Screen, screenOf } from '../screen.ts';
import { type CommandLine, commandLineOf } from '../search/command-line-of.ts';
import { chooseSearch, type SearchJob } from '../search/job.ts';
import { addSearchOptions, type SearchFlags } from '../search/search-flags.ts';
import { openProgressLine, type ProgressLine } from '../search/search-progress.ts';

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

/** A search, its study, and who is told of it. */
interface Surroundings {
  readonly job: SearchJob;
  readonly file: StudyFile;
  readonly host: Host;
  readonly screen: Screen;
  /** What was typed. */
  readonly commandLine: CommandLine;
}

async function search(flags: SearchFlags, host: Host, commandLine: CommandLine): Promise<void> {
  const screen = screenOf(host, flags);
  const job = await chooseSearch(flags);
  try {
    const folder = await openOutputFolder(flags.out, BYTES);
    const options = { resume: flags.resume ?? false };
    const file = await openStudyFile(join(flags.out, 'study.jsonl'), job.campaign.header, options).catch(
      async (cause: unknown) => {
        await folder.abandon();
        throw cause;
      },
    );
    try {
      noteUnread(screen, job.chosen.model);
      noteThreads(screen, flags.threads);
      for (const warning of job.warnings) screen.note(warningText(warning));
      screen.say(campaignText(job.campaign));
      const read = { ...job, campaign: await job.read() };
      await runInWorkers({ job: read, file, host, screen, commandLine });
    } finally {
      await file.close();
    }
  } finally {
    await job.close();
  }
}

async function runInWorkers(around: Surroundings): Promise<void> {
  const { job, file, host, screen, commandLine } = around;
  const { campaign, flags } = job;
  const { workers: count, threads, memory } = flags;
  const meter = openWorkMeter(() => performance.now());
  const progress = openProgressLine(meter, screen.progress);
  const best = new Map<number, Assessment>();
  if (file.isResumed) screen.say(resumedText(file));
  progress.show('opening the model');
  const workers = await openSearchWorkers(job.chosen, campaign, {
    workers: count,
    threads,
    memory,
    signal: host.signal,
  });
  try {
    const outcome = await runCampaign(campaign, {
      ...workers,
      meter,
      study: file.study,
      processorTime,
      signal: host.signal,
      pause: () => new Promise((resume) => setImmediate(resume)),
      onProgress: (doing) => progress.show(doingText(doing, campaign)),
      onBest: (budget, found) => void best.set(budget, found),
    });
    await writeResults(around, outcome, { meter, progress });
    best.clear(); // the files hold more than that now
    if (flags.report) await addReport(around, outcome, { workers, progress });
  } catch (cause) {
    progress.clear();
    if (!host.signal.aborted) throw failure(cause, file, commandLine.with('--resume'));
    throw cause instanceof Interrupted ? cause : await interruption(around, best);
  } finally {
    progress.clear();
    await workers.close();
  }
}

/** Milliseconds, of all threads together. */
function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function resumedText({ path, study: { schedules, torn } }: StudyFile): string {
  const [lines, them] = torn === 1 ? ['line was', 'it'] : ['lines were', 'them'];
  const cut = torn === 0 ? '' : `; ${torn} ${lines} cut off, and what was in ${them} is done again`;
  return `going on with ${path}: ${schedules.length} schedules are known${cut}`;
}

const REPORT = 'report.html';

/**
 * Writes and prints what was found. A report of an earlier run in the folder, which says something else, does not stay.
 */
async function writeResults(
  { job, screen }: Surroundings,
  outcome: CampaignOutcome,
  { meter, progress }: Pick<CampaignHost, 'meter'> & { readonly progress: ProgressLine },
): Promise<void> {
  const { campaign, flags } = job;
  await rm(join(flags.out, REPORT), { force: true }).catch(() => undefined); // what cannot be removed the report says
  const { schedules, pareto } = await writeOutcome(campaign, outcome, flags.out);
  const effort = effortSoFar({ meter, processorTime });
  const result = { ...outcomeObject(campaign, outcome, effort, (budget) => schedules.get(budget)), pareto };
  await writeWhole(join(flags.out, 'search.json'), `${JSON.stringify(result, undefined, 1)}\n`);
  progress.clear();
  screen.say(`${outcomeText(campaign, outcome, effort, (text) => screen.ink.strong(text))}\n`);
  for (const path of [...schedules.values(), pareto]) screen.say(path);
  screen.report(result);
}

/** Makes the report. Where it fails that is a warning, since everything else is written. */
async function addReport(
  { job, file, host, screen, commandLine }: Surroundings,
  outcome: CampaignOutcome,
  { workers, progress }: { readonly workers: SearchWorkers; readonly progress: ProgressLine },
): Promise<void> {
  const { out } = job.flags;
  const page = join(out, REPORT);
  const { signal } = host;
  progress.show('measuring what the report shows');
  try {
    const { model } = job.chosen;
    const desk = { model, decoder: job.companions.decoder, study: file.study, workers, signal };
    await writeReport(page, job.campaign, outcome, { ...desk, commandLine: commandLine.text });
  } catch (cause) {
    progress.clear();
    const again = commandLine.with('--resume');
    if (signal.aborted)
      throw new Interrupted(
        `interrupted before ${page} was written; everything else is in ${out}\nmake it with: ${again}`,
      );
    const { message } = failureOf(cause, signal);
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
  { job, file, commandLine }: Surroundings,
  best: ReadonlyMap<number, Assessment>,
): Promise<Interrupted> {
  const { campaign, flags } = job;
  const schedules = [...best].map(([budget, found]) => [budget, bestSoFar(campaign, budget, found)] as const);
  const paths = await writeSchedules(new Map(schedules), flags.out);
  const kept = paths.size > 0 ? `; the best so far is in ${[...paths.values()].join(', ')}` : '';
  return new Interrupted(
    `interrupted after ${file.study.schedules.length} schedules, all of which are in ${file.path}${kept}\ngo on ` +
      `with: ${commandLine.with('--resume')}`,
  );
}
