import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ProCacheError } from '@procache/core';
import { type Checkpoint, type ConfigJson, openCheckpoint, openModel, openShards, type TransformerModel } from '@procache/model';
import { type FileSource, openFile } from './file-source.ts';

/** A checkpoint whose files are open. */
export interface OpenedCheckpoint {
  /** The file, or the index of several, that the weights come from. */
  readonly path: string;
  readonly checkpoint: Checkpoint;
  /** What the config.json beside it says, and the class names and the noise schedule of the pipeline around it; empty where there is neither. */
  readonly config: ConfigJson;
  /** Closes the files. */
  close(): Promise<void>;
}

/** A model whose files are open. */
export interface OpenedModel extends OpenedCheckpoint {
  readonly model: TransformerModel;
}

/**
 * Opens what people have: a checkpoint file (`.safetensors`, `.pt`, `.pth`, `.bin`), a folder with
 * one and its config.json, or a whole diffusers pipeline folder.
 *
 * `config` adds to the config.json, field by field.
 */
export async function openModelFiles(path: string, config: ConfigJson = {}): Promise<OpenedModel> {
  const opened = await openCheckpointFiles(path);
  try {
    return { ...opened, model: await openModel(opened.checkpoint, { ...opened.config, ...config }) };
  } catch (cause) {
    await opened.close();
    throw cause;
  }
}

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
    const sharded = found.weights.endsWith('.index.json');
    const checkpoint = sharded ? await openShards(source, (name) => open(join(dirname(found.weights), name))) : await openCheckpoint(source);
    return { path: found.weights, checkpoint, config: await configOf(found), close };
  } catch (cause) {
    await close();
    throw cause;
  }
}

interface Located {
  readonly weights: string;
  readonly config: string | undefined;
  /** The folder of the diffusers pipeline that it is part of. */
  readonly pipeline: string | undefined;
}

/** The names under which a folder holds its weights, the preferred first. */
const WEIGHT_NAMES = [
  'diffusion_pytorch_model.safetensors',
  'diffusion_pytorch_model.safetensors.index.json',
  'model.safetensors',
  'model.safetensors.index.json',
  'diffusion_pytorch_model.bin',
  'pytorch_model.bin',
];

async function locate(path: string): Promise<Located> {
  const found = await stat(path).catch(() => undefined);
  if (!found) throw new ProCacheError('invalid-model', `${path}: there is no such file or folder; give a checkpoint file, a model folder, or the name of a zoo model`);
  if (!found.isDirectory()) {
    const beside = join(dirname(path), 'config.json');
    return { weights: path, config: (await exists(beside)) ? beside : undefined, pipeline: undefined };
  }
  const names = await readdir(path);
  if (names.includes('model_index.json')) {
    const inner = await locateInFolder(join(path, 'transformer'));
    return { ...inner, pipeline: path };
  }
  return locateInFolder(path);
}

async function locateInFolder(folder: string): Promise<Located> {
  const names = await readdir(folder).catch(() => {
    throw new ProCacheError('invalid-model', `${folder}: there is no such folder, though model_index.json beside it says so; download the transformer too`);
  });
  const candidates = names.filter((name) => /\.(safetensors|pt|pth|bin)$/.test(name));
  const preferred = WEIGHT_NAMES.find((name) => names.includes(name)) ?? (candidates.length === 1 ? candidates[0] : undefined);
  if (preferred === undefined) {
    const problem = candidates.length === 0 ? 'holds no checkpoint' : `holds ${candidates.length} checkpoints (${candidates.slice(0, 4).join(', ')})`;
    throw new ProCacheError('invalid-model', `${folder}: the folder ${problem}; name the file itself (.safetensors, .pt, .pth or .bin)`);
  }
  return { weights: join(folder, preferred), config: names.includes('config.json') ? join(folder, 'config.json') : undefined, pipeline: undefined };
}

async function configOf({ config, pipeline }: Located): Promise<ConfigJson> {
  const own = config ? await readJson(config) : {};
  return { ...own, ...(pipeline !== undefined && (await pipelineConfig(pipeline))) };
}

/** The scheduler's fields that say how the model was trained, under the names that a model's own config gives them. */
const NOISE_FIELDS: Readonly<Record<string, string>> = {
  num_train_timesteps: 'train_timesteps',
  beta_start: 'beta_start',
  beta_end: 'beta_end',
  beta_schedule: 'beta_schedule',
  prediction_type: 'prediction_type',
};

/** What the files around a transformer tell of it: model_index.json names the classes, scheduler_config.json has the noise schedule. */
async function pipelineConfig(folder: string): Promise<ConfigJson> {
  const names = classNames(await readJson(join(folder, 'model_index.json')));
  const scheduler = join(folder, 'scheduler', 'scheduler_config.json');
  const noise = (await exists(scheduler)) ? await readJson(scheduler) : {};
  const renamed = Object.entries(NOISE_FIELDS).flatMap(([from, to]) => (noise[from] === undefined ? [] : [[to, noise[from]] as const]));
  return { ...Object.fromEntries(renamed), ...(names && { classes: names }) };
}

/** The first of the names that diffusers lists for each class ("tench, Tinca tinca"). */
function classNames({ id2label }: ConfigJson): readonly string[] | undefined {
  if (typeof id2label !== 'object' || id2label === null) return undefined;
  const entries = Object.entries(id2label).sort(([a], [b]) => Number(a) - Number(b));
  return entries.map(([, name]) => String(name).split(',')[0]!);
}

async function readJson(path: string): Promise<ConfigJson> {
  try {
    const json: unknown = JSON.parse(await readFile(path, 'utf8'));
    if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as ConfigJson;
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new ProCacheError('invalid-model', `${basename(path)}: cannot be read as JSON (${message}); download it again, or mend it`, { cause });
  }
  throw new ProCacheError('invalid-model', `${basename(path)}: is not a JSON object; take the config that belongs to these weights`);
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
