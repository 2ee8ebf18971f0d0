import { open } from 'node:fs/promises';
import { ProCacheError } from '@procache/core';
import { zooModel } from '@procache/zoo';
import type { Command } from 'commander';
import { wholeNumber } from '../arguments/values.ts';
import type { Host } from '../host.ts';
import { inspectCheckpoint } from '../inspection/checkpoint.ts';
import type { InspectFlags, Inspection } from '../inspection/inspection.ts';
import { inspectPicture } from '../inspection/picture.ts';
import { inspectSchedule } from '../inspection/schedule.ts';
import { type ScreenFlags, screenOf } from '../screen.ts';

const EXAMPLES = `
Examples:
  procache inspect DiT-XL-2-256x256.pt
  procache inspect mine.json --model fashion-dit
  procache inspect procache-out/grid.png`;

/** `procache inspect`: shows what a file holds. */
export function defineInspect(command: Command, host: Host): void {
  command
    .argument('<path>', 'a checkpoint file, a model folder or a model of the zoo, a schedule (.json), or a picture (.png)')
    .option('-m, --model <model>', 'check a schedule against this model')
    .option('--num-heads <n>', 'attention heads, where a checkpoint does not tell', wholeNumber(1))
    .option('--config <file>', 'a config.json whose fields add to those of the model')
    .option('--tensors', 'list all tensors of a checkpoint')
    .option('--json', 'print everything as one JSON object')
    .option('--debug', 'show where in the program an error arose')
    .addHelpText('after', EXAMPLES)
    .action(async (path: string, flags: InspectFlags & ScreenFlags) => {
      const screen = screenOf(host, flags);
      const { text, object } = await inspect(path, flags);
      screen.say(text);
      screen.report(object);
    });
}

/** What the file is, is told by its content; JSON alone by its name, as the index of a checkpoint is JSON too. */
async function inspect(path: string, flags: InspectFlags): Promise<Inspection> {
  if (zooModel(path)) return inspectCheckpoint(path, flags);
  if ((await headOf(path)) === '\x89PNG') return inspectPicture(path);
  if (/\.json$/.test(path) && !/\.index\.json$/.test(path)) return inspectSchedule(path, flags);
  return inspectCheckpoint(path, flags);
}

/** The first bytes of a file; nothing of a folder. */
async function headOf(path: string): Promise<string> {
  const handle = await open(path).catch((cause: unknown) => {
    throw new ProCacheError('invalid-input', `there is no file or folder ${path} that can be read; check the path`, { cause });
  });
  try {
    if ((await handle.stat()).isDirectory()) return '';
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(4), 0, 4, 0);
    return buffer.toString('latin1', 0, bytesRead);
  } finally {
    await handle.close();
  }
}
