import { readFile, stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { openModelFiles } from '@procache/backend-node';
import { nearest, ProCacheError, SAMPLER_NAMES, type SamplerName } from '@procache/core';
import type { ConfigJson, TransformerModel } from '@procache/model';
import { type ZooModel, zooModel, zooNames } from '@procache/zoo';
import type { Command } from 'commander';
import { fingerprintOf } from '../files/fingerprint.ts';
import { wholeNumber } from './values.ts';

/** The options that say which model is meant. */
export interface ModelFlags {
  readonly model: string;
  readonly numHeads?: number;
  readonly config?: string;
  /** The sampler that the user chose, which takes the place of the one of the model's pipeline. */
  readonly sampler?: string;
}

export function addModelOptions(command: Command): Command {
  return command
    .option('-m, --model <model>', 'a model of the zoo, a model folder, or a checkpoint file (.safetensors, .pt)', 'fashion-dit')
    .option('--num-heads <n>', 'attention heads, where the checkpoint does not tell', wholeNumber(1))
    .option('--config <file>', 'a config.json whose fields add to those of the model');
}

/** A model as the user chose it, read as far as its headers. */
export interface ChosenModel {
  /** Of the zoo, or the name of its file or folder. */
  readonly name: string;
  /** What `openTransformer` takes. */
  readonly path: string;
  /** What adds to the model's own config.json. */
  readonly config: ConfigJson;
  readonly model: TransformerModel;
  /** Tells its weights from others: see `fingerprintOf`. */
  readonly fingerprint: string;
  readonly recommended: ZooModel['recommended'] | undefined;
  /** The schedules that ship with it, by name. */
  readonly schedules: ZooModel['schedules'];
}

/** Finds the model and reads its headers. No weight is loaded, and no file stays open. */
export async function chooseModel(flags: ModelFlags): Promise<ChosenModel> {
  const zoo = zooModel(flags.model);
  const path = zoo?.folder ?? flags.model;
  if (!zoo) await checkExists(path);
  const config = await readConfigFlags(flags);
  const opened = await openModelFiles(path, config);
  try {
    const fingerprint = await fingerprintOf(opened.checkpoint);
    const { recommended, schedules = {} } = zoo ?? {};
    return { name: zoo?.name ?? basename(resolve(path)), path, config, model: opened.model, fingerprint, recommended, schedules };
  } finally {
    await opened.close();
  }
}

async function checkExists(path: string): Promise<void> {
  if (await stat(path).catch(() => undefined)) return;
  const isPath = /[\\/.]/.test(path);
  const names = nearest(path, zooNames()).join(', ');
  throw new ProCacheError(
    'invalid-input',
    isPath
      ? `there is no file or folder ${path}; give a checkpoint, a model folder, or a model of the zoo (${names})`
      : `there is no model '${path}'; the zoo has ${names}, and a path to a checkpoint or a model folder does as well`,
  );
}

/** What the user adds to a model's own config.json. */
export async function readConfigFlags({ config, numHeads, sampler }: Omit<ModelFlags, 'model'>): Promise<ConfigJson> {
  const fields = config === undefined ? {} : await readConfig(config);
  return { ...fields, ...(numHeads !== undefined && { num_heads: numHeads }), ...(isSampler(sampler) && { sampler }) };
}

/** Whether there is a sampler of that name; what is said of others is said where they are used. */
function isSampler(name: string | undefined): name is SamplerName {
  return SAMPLER_NAMES.some((known) => known === name);
}

async function readConfig(path: string): Promise<ConfigJson> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new ProCacheError('invalid-input', `--config ${path}: cannot be read; give the path of a config.json`, { cause });
  });
  try {
    const json: unknown = JSON.parse(text);
    if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as ConfigJson;
  } catch (cause) {
    throw new ProCacheError('invalid-input', `--config ${path}: is not JSON; give the path of a config.json`, { cause });
  }
  throw new ProCacheError('invalid-input', `--config ${path}: is not a JSON object; give the path of a config.json`);
}
