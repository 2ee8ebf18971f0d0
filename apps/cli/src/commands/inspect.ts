import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { openFile } from '@procache/backend-node';
import { ProCacheError } from '@procache/core';
import { shownName } from '@procache/core/untrusted';
import { codeOf } from '@procache/files';
import { zooModel } from '@procache/zoo';
import type { Command } from 'commander';
import { familyOption } from '../arguments/model-choice.ts';
import { MOST_HEADS, wholeNumber } from '../arguments/values.ts';
import type { Host } from '../host.ts';
import { inspectCheckpoint } from '../inspection/checkpoint.ts';
import type { InspectFlags, Inspection } from '../inspection/inspection.ts';
import { inspectPicture } from '../inspection/picture.ts';
import { inspectSchedule } from '../inspection/schedule.ts';
import { addScreenOptions, type ScreenFlags, screenOf } from '../screen.ts';

const EXAMPLES = `
Examples:
  procache inspect DiT-XL-2-256x256.pt
  procache inspect PixArt-XL-2-512x512/
  procache inspect mine.json --model fashion-dit
  procache inspect procache-out/grid.png`;

/** `procache inspect`: shows what a file holds. */
export function defineInspect(command: Command, host: Host): void {
  command
    .argument(
      '<path>',
      'a model or a part of one (a file, a folder, or of the zoo), a schedule (.json), or a picture (.png)',
    )
    .option('-m, --model <model>', 'check a schedule against this model')
    .option('--num-heads <n>', 'attention heads, where a checkpoint does not tell', wholeNumber(1, MOST_HEADS))
    .addOption(familyOption())
    .option('--config <file>', 'a config.json whose fields add to those of the model')
    .option('--tensors', 'list all tensors of a checkpoint')
    .option('--check', 'read all weights of a torch checkpoint and compare their checksums');
  addScreenOptions(command, { json: 'print everything as one JSON object' })
    .addHelpText('after', EXAMPLES)
    .action(async (path: string, flags: InspectFlags & ScreenFlags) => {
      const screen = screenOf(host, flags);
      const kind = await kindOf(path);
      checkOptions(path, kind, flags);
      const { text, object } = await INSPECT[kind](path, flags);
      screen.say(text);
      screen.report(object);
    });
}

type Kind = 'checkpoint' | 'schedule' | 'picture';

const INSPECT: Readonly<Record<Kind, (path: string, flags: InspectFlags) => Promise<Inspection>>> = {
  checkpoint: inspectCheckpoint,
  schedule: inspectSchedule,
  picture: inspectPicture,
};

/** What the file is, is told by its content; JSON alone by its name, as the index of a checkpoint is JSON too. */
async function kindOf(path: string): Promise<Kind> {
  if (zooModel(path)) return 'checkpoint';
  const stats = await stat(path).catch((cause: unknown) => {
    const problem =
      codeOf(cause) === 'EACCES'
        ? `you may not look at ${shownName(path)}; ask for the right to read it`
        : `there is no file or folder ${shownName(path)}; check the path`;
    throw new ProCacheError('invalid-input', problem, { cause });
  });
  if (stats.isDirectory()) return 'checkpoint';
  checkOwnKind(path);
  if ((await headOf(path)) === '\x89PNG') return 'picture';
  return /\.json$/.test(path) && !/(\.index(\.\w+)?|\btokenizer)\.json$/.test(path) ? 'schedule' : 'checkpoint';
}

/** Files that are part of something else, and what is to be inspected instead. */
const PARTS: readonly (readonly [RegExp, string])[] = [
  [/^(?:model_index|config|\w+_config|vocabulary)\.json$/, 'belongs to a model; inspect its folder'],
  [
    /^(?:search|pareto)\.json$|^study\.jsonl$/,
    'was written by a search; inspect its found-*.json, or open report.html',
  ],
];

function checkOwnKind(path: string): void {
  const found = PARTS.find(([name]) => name.test(basename(path)));
  if (found) throw new ProCacheError('invalid-input', `${shownName(path)}: this ${found[1]}`);
}

/** The first bytes of a regular file. */
async function headOf(path: string): Promise<string> {
  const source = await openFile(path);
  try {
    return Buffer.from(await source.read(0, 4)).toString('latin1');
  } finally {
    await source.close();
  }
}

/** Refuses options that have nothing to say about a file of this kind. */
function checkOptions(path: string, kind: Kind, flags: InspectFlags): void {
  const { model, numHeads, family, config, tensors, check } = flags;
  const ofModels = { '--num-heads': numHeads, '--family': family, '--config': config };
  const given = { '--model': model, ...ofModels, '--tensors': tensors, '--check': check };
  const takes: Readonly<Record<Kind, readonly string[]>> = {
    checkpoint: [...Object.keys(ofModels), '--tensors', '--check'],
    schedule: ['--model', ...(model === undefined ? [] : Object.keys(ofModels))],
    picture: [],
  };
  const [odd] =
    Object.entries(given).find(([option, value]) => value !== undefined && !takes[kind].includes(option)) ?? [];
  if (odd === undefined) return;
  const belongs =
    odd === '--model'
      ? 'schedules'
      : odd === '--tensors' || odd === '--check'
        ? 'checkpoints'
        : 'checkpoints, and to --model';
  throw new ProCacheError(
    'invalid-input',
    `${odd} belongs to ${belongs}, and ${shownName(path)} is a ${kind}; leave it out`,
  );
}
