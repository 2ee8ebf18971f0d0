import { join } from 'node:path';
import {
  type Checkpoint,
  type ConfigJson,
  type LatentSize,
  type ModelConfig,
  openFolder,
  openModel,
  type TransformerModel,
} from '@procache/model';
import type { FileIdentity } from './file-identity.ts';
import { locate } from './locate.ts';
import { OpenFiles } from './node-folder.ts';

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
export interface OpenedModelFiles extends OpenedCheckpoint {
  readonly model: TransformerModel;
}

/**
 * Opens what people have: a checkpoint file (`.safetensors`, `.pt`, `.pth`, `.bin`, `.ckpt`), an index of shards, a
 * folder with one of them and its config.json, a whole diffusers pipeline folder, or a model's folder in the cache of
 * Hugging Face.
 *
 * `config` adds to the config.json, field by field; `size` is that of the latents to draw, where it is not the model's
 * own.
 */
export async function openModelFiles(
  path: string,
  config: ConfigJson = {},
  size?: LatentSize,
): Promise<OpenedModelFiles> {
  const opened = await openCheckpointFiles(path);
  try {
    return { ...opened, model: await openModel(opened.checkpoint, opened.config.with(config), undefined, size) };
  } catch (cause) {
    await opened.close();
    throw cause;
  }
}

/** Opens the same as `openModelFiles`, whether or not the tensors are those of a model that is supported. */
export async function openCheckpointFiles(path: string): Promise<OpenedCheckpoint> {
  const files = new OpenFiles();
  const close = () => files.close();
  try {
    const found = await locate(path, files);
    const { checkpoint, config } = await openFolder(found.folder, found);
    return { path: join(found.folder.name, found.weights), checkpoint, config, files: files.identities, close };
  } catch (cause) {
    await close();
    throw cause;
  }
}
