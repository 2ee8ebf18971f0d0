import { stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { type FileIdentity, openModelFiles } from '@procache/backend-node';
import { nearest, ProCacheError, SAMPLER_NAMES, type SamplerName } from '@procache/core';
import { objectOf, parseJson, shown, shownName } from '@procache/core/untrusted';
import { codeOf, fingerprintOf, readRegularText } from '@procache/files';
import { type ConfigJson, FAMILY_NAMES, sourcesOf, type TransformerModel, weightsTaken } from '@procache/model';
import type { KnownModel } from '@procache/pipeline';
import { type ZooModel, zooModel, zooNames } from '@procache/zoo';
import { type Command, Option } from 'commander';
import { MOST_HEADS, wholeNumber } from './values.ts';

/** The options that say which model is meant. */
export interface ModelFlags {
  readonly model: string;
  readonly numHeads?: number;
  readonly config?: string;
  /** The family, where no tensor tells it. */
  readonly family?: string;
  /** The sampler that the user chose, which takes the place of the one of the model's pipeline. */
  readonly sampler?: string | undefined;
}

export function addModelOptions(command: Command): Command {
  return command
    .option(
      '-m, --model <model>',
      'a model of the zoo, a model folder, or a checkpoint file (.safetensors, .pt)',
      'fashion-dit',
    )
    .option('--num-heads <n>', 'attention heads, where the checkpoint does not tell', wholeNumber(1, MOST_HEADS))
    .addOption(familyOption())
    .option('--config <file>', 'a config.json whose fields add to those of the model');
}

/** The family, for checkpoints whose tensors two of them have. */
export function familyOption(): Option {
  return new Option('--family <name>', 'what the checkpoint is, where its tensors do not tell').choices(FAMILY_NAMES);
}

/** A model by its name: of the zoo or of a published size, or that of its file or folder. */
export interface NamedModel extends KnownModel {
  readonly model: TransformerModel;
  /** The files of the schedules that ship with it, by name. */
  readonly schedules: ZooModel['schedules'];
}

/** A model as the user chose it, read as far as its headers. */
export interface ChosenModel extends NamedModel {
  /** What `openTransformer` takes. */
  readonly path: string;
  /** What adds to the model's own config.json. */
  readonly config: ConfigJson;
  /** Tells its weights from others: see `fingerprintOf`. */
  readonly fingerprint: string;
  /** Its files as they were then, and must be when it is used. */
  readonly files: readonly FileIdentity[];
  /** Which weights of its file were taken, where there are several or more than those: see `weightsTaken`. */
  readonly weights?: string | undefined;
}

/** Finds the model and reads its headers. No weight is loaded, and no file stays open. */
export async function chooseModel(flags: ModelFlags): Promise<ChosenModel> {
  const zoo = zooModel(flags.model);
  const path = zoo?.folder ?? flags.model;
  if (!zoo) await checkExists(path);
  const config = { ...(await readConfigFlags(flags)), ...(isSampler(flags.sampler) && { sampler: flags.sampler }) };
  const opened = await namingFlags(flags, () => openModelFiles(path, config));
  try {
    checkHeads(flags.numHeads, opened.config.own, "the model's own config.json");
    const fingerprint = await fingerprintOf(sourcesOf(opened.checkpoint));
    const { recommended, schedules = {} } = zoo ?? {};
    const weights = weightsTaken(opened.checkpoint);
    return {
      name: zoo?.name ?? basename(resolve(path)),
      path,
      config,
      model: opened.model,
      fingerprint,
      files: opened.files,
      weights,
      recommended,
      schedules,
    };
  } finally {
    await opened.close();
  }
}

/** The options that are fields of the config to the model. */
const FIELDS: readonly (readonly [field: string, option: string, of: (flags: ModelFlags) => unknown])[] = [
  ['sampler', '--sampler', ({ sampler }) => sampler],
  ['family', '--family', ({ family }) => family],
  ['num_heads', '--num-heads', ({ numHeads }) => numHeads],
];

/** Opens a model, and says which option it is that it refuses, where that is a field of its config to it. */
async function namingFlags<Result>(flags: ModelFlags, open: () => Promise<Result>): Promise<Result> {
  try {
    return await open();
  } catch (cause) {
    const said = /^config: (\w+) is (.*)$/s.exec(cause instanceof ProCacheError ? cause.message : '');
    const known = FIELDS.find(([field, , value]) => field === said?.[1] && value(flags) !== undefined);
    if (!said || !known) throw cause;
    throw new ProCacheError('invalid-input', `${known[1]}: it is ${said[2]!}`, { cause });
  }
}

async function checkExists(path: string): Promise<void> {
  const problem = await stat(path).then(
    () => undefined,
    (cause: unknown) => codeOf(cause),
  );
  if (problem === undefined) return;
  const isPath = /[\\/.]/.test(path);
  const names = nearest(path.slice(0, 80), zooNames()).join(', ');
  const name = shownName(path);
  throw new ProCacheError(
    'invalid-input',
    problem === 'EACCES'
      ? `--model ${name}: you may not look there; ask for the right to read it, or give another`
      : isPath
        ? `--model: there is no file or folder ${name}; give a checkpoint, a model folder, or a model of the zoo ` +
          `(${names})`
        : `--model: there is no model '${name}'; the zoo has ${names}, and a path to a checkpoint or a model ` +
          `folder does as well`,
  );
}

/** What the user adds to a model's own config.json. */
export async function readConfigFlags(flags: Omit<ModelFlags, 'model' | 'sampler'>): Promise<ConfigJson> {
  const { config, numHeads, family } = flags;
  const fields = config === undefined ? {} : await readConfig(config);
  checkHeads(numHeads, fields, `--config ${config ?? ''}`);
  return { ...fields, ...(numHeads !== undefined && { num_heads: numHeads }), ...(family !== undefined && { family }) };
}

/** Whether there is a sampler of that name; what is said of others is said where they are used. */
function isSampler(name: string | undefined): name is SamplerName {
  return SAMPLER_NAMES.some((known) => known === name);
}

/** Refuses heads that a config contradicts: the option is for checkpoints that do not tell. */
function checkHeads(numHeads: number | undefined, config: ConfigJson, where: string): void {
  const told = config['num_heads'] ?? config['num_attention_heads'];
  if (numHeads === undefined || told === undefined || told === null || told === numHeads) return;
  throw new ProCacheError('invalid-input', `--num-heads ${numHeads}: ${where} says ${shown(told)}; leave this out`);
}

/** Bytes of the longest config.json that is read: one that names a class in every row of a table has less. */
const MOST_BYTES = 64 * 2 ** 20;

async function readConfig(path: string): Promise<ConfigJson> {
  const place = `--config ${path}`;
  const what = 'the path of a config.json';
  const text = await readRegularText(path, { most: MOST_BYTES, place, what });
  const value = parseJson(text, { name: place, code: 'invalid-input', pythonNumbers: true, advice: `give ${what}` });
  return objectOf({ value, place, code: 'invalid-input' });
}
