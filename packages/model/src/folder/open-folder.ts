import type { ByteSource } from '../checkpoint/byte-source.ts';
import { checkRecords } from '../checkpoint/check-records.ts';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { openCheckpoint } from '../checkpoint/open-checkpoint.ts';
import { refusalOf } from '../checkpoint/refusal.ts';
import { isShardIndex, openShards } from '../checkpoint/shards.ts';
import { ModelConfig } from '../config/model-config.ts';
import { findModel, type FoundModel, PIPELINE_INDEX } from './find-model.ts';
import type { Folder } from './folder.ts';
import { textIn } from './text-in.ts';

/** What a folder says about its model: `openModel` takes the two. */
export interface OpenedFolder {
  /** The file of the weights, or the index of several. */
  readonly path: string;
  readonly checkpoint: Checkpoint;
  /** What the config.json says, and the scheduler and the index of the pipeline around it. */
  readonly config: ModelConfig;
}

/**
 * Bytes of weights that are compared with their checksums when a torch file is opened: as many as take no time to read.
 */
const CHECKED_WHEN_OPENED = 16 * 2 ** 20;

/**
 * Opens the model in a folder: a checkpoint or an index of shards, with or without a config.json, or a diffusers
 * pipeline. What is `found` there already is not looked for.
 *
 * Reads headers and configs only. Nothing is said about whether the model is a supported one.
 *
 * @throws {ProCacheError} `invalid-model`, with the file, the place in it and the way out.
 */
export async function openFolder(folder: Folder, found?: FoundModel): Promise<OpenedFolder> {
  const { folder: own, weights, pipeline } = found ?? (await findModel(folder));
  const source = await opened(own, weights, 'give a checkpoint file');
  const openShard = (name: string) => opened(own, name, `${weights} lists it: download it too`);
  const checkpoint = await (isShardIndex(weights) ? openShards(source, openShard) : openCheckpoint(source));
  await checkRecords(checkpoint, { most: CHECKED_WHEN_OPENED });
  const config = ModelConfig.parse({
    config: await textIn(own, 'config.json'),
    scheduler: await textIn(pipeline, 'scheduler/scheduler_config.json'),
    index: await textIn(pipeline, PIPELINE_INDEX),
  });
  return { path: `${own.name}/${weights}`, checkpoint, config };
}

async function opened(folder: Folder, path: string, advice: string): Promise<ByteSource> {
  const source = await folder.open(path);
  if (source) return source;
  throw refusalOf({ name: `${folder.name}/${path}` })(`there is no such file; ${advice}`);
}
