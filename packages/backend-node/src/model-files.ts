import { basename, dirname, join } from 'node:path';
import { readRegularText } from '@procache/files';
import {
  type Checkpoint,
  checkRecords,
  type ConfigJson,
  isShardIndex,
  ModelConfig,
  openCheckpoint,
  openModel,
  openShards,
  type TransformerModel,
} from '@procache/model';
import type { FileIdentity } from './file-identity.ts';
import { type FileSource, openFile } from './file-source.ts';
import { besides, isThere, locate, type Located } from './locate.ts';

/** A checkpoint whose files are open. */
export interface OpenedCheckpoint {
  /** The file, or the index of several, that the weights come from. */
  readonly path: string;
  readonly checkpoint: Checkpoint;
  /** What the config.json beside it says, and the scheduler and the index of the pipeline around it. */
  readonly config: ModelConfig;
  /** The files of the weights as they were when they were opened. */
  readonly files: readonly FileIdentity[];
  /** Closes the files. */
  close(): Promise<void>;
}

/** A model whose files are open. */
export interface OpenedModel extends OpenedCheckpoint {
  readonly model: TransformerModel;
}

/**
 * Opens what people have: a checkpoint file (`.safetensors`, `.pt`, `.pth`, `.bin`, `.ckpt`), an index of shards, a
 * folder with one of them and its config.json, a whole diffusers pipeline folder, or a model's folder in the cache of
 * Hugging Face.
 *
 * `config` adds to the config.json, field by field.
 */
export async function openModelFiles(path: string, config: ConfigJson = {}): Promise<OpenedModel> {
  const opened = await openCheckpointFiles(path);
  try {
    return { ...opened, model: await openModel(opened.checkpoint, opened.config.with(config)) };
  } catch (cause) {
    await opened.close();
    throw cause;
  }
}

/**
 * Bytes of weights that are compared with their checksums when a torch file is opened: as many as take no time to read.
 */
const CHECKED_WHEN_OPENED = 16 * 2 ** 20;

/** Opens the same as `openModelFiles`, whether or not the tensors are those of a model that is supported. */
export async function openCheckpointFiles(path: string): Promise<OpenedCheckpoint> {
  const found = await locate(path);
  const files: FileSource[] = [];
  const open = async (file: string): Promise<FileSource> => {
    const source = await openFile(file);
    files.push(source);
    return source;
  };
  const close = async (): Promise<void> => {
    await Promise.all(files.map((file) => file.close()));
  };
  try {
    const source = await open(found.weights);
    const openShard = async (name: string) =>
      open((await besides(found.weights, name)) ?? join(dirname(found.weights), name));
    const checkpoint = await (isShardIndex(basename(found.weights))
      ? openShards(source, openShard)
      : openCheckpoint(source));
    await checkRecords(checkpoint, { most: CHECKED_WHEN_OPENED });
    return {
      path: found.weights,
      checkpoint,
      config: await configOf(found),
      files: files.map(({ identity }) => identity),
      close,
    };
  } catch (cause) {
    await close();
    throw cause;
  }
}

/** The texts of the files around the weights; what they mean is the model's to say. */
async function configOf({ config, pipeline }: Located): Promise<ModelConfig> {
  return ModelConfig.parse({
    config: await textOf(config),
    scheduler: await textOf(pipeline && join(pipeline, 'scheduler', 'scheduler_config.json')),
    index: await textOf(pipeline && join(pipeline, 'model_index.json')),
  });
}

/** Bytes of the longest config that is read; class names and betas make them tens of kilobytes. */
const LONGEST_CONFIG = 16 * 2 ** 20;

/** The text of a file that may be missing. */
async function textOf(path: string | undefined): Promise<string | undefined> {
  if (path === undefined || !(await isThere(path))) return undefined;
  return readRegularText(path, { most: LONGEST_CONFIG, code: 'invalid-model', what: 'a config' });
}
