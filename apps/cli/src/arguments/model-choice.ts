import { stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { type ModelHeaders, placesOfModel, readConfigFile, readModelHeaders } from '@procache/backend-node';
import { nearest, ProCacheError, SAMPLER_NAMES } from '@procache/core';
import { shown, shownName } from '@procache/core/untrusted';
import { codeOf } from '@procache/files';
import { type ConfigJson, FAMILY_NAMES, type TransformerModel } from '@procache/model';
import { drawnSize, type DrawnSize, type ImageSize, type KnownModel } from '@procache/pipeline';
import { type ZooModel, zooModel, zooNames } from '@procache/zoo';
import { type Command, Option } from 'commander';
import { asFlag } from './naming.ts';
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
  /** In pixels, of each image. */
  readonly width?: number;
  readonly height?: number;
  readonly resolutionBinning?: boolean;
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

/** The size of images, which some models draw several of. */
export function addSizeOptions(command: Command): Command {
  return command
    .option('--width <pixels>', "of each image (default: the model's own)", wholeNumber(1))
    .option('--height <pixels>', 'likewise', wholeNumber(1))
    .option('--no-resolution-binning', 'draw that very size, not the nearest one that the model was trained on');
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
export interface ChosenModel extends NamedModel, ModelHeaders {
  readonly model: TransformerModel;
  /** What its images are brought to, where that is another size than it draws. */
  readonly size: ImageSize | undefined;
  /** Files and folders beside its weights that are its own. */
  readonly around: readonly { readonly path: string }[];
}

/** Finds the model and reads its headers. No weight is loaded, and no file stays open. */
export async function chooseModel(flags: ModelFlags): Promise<ChosenModel> {
  const zoo = zooModel(flags.model);
  const path = zoo?.folder ?? flags.model;
  if (!zoo) await checkExists(path);
  const sampler = SAMPLER_NAMES.find((name) => name === flags.sampler); // of others the pipeline says it
  const config = { ...(await readConfigFlags(flags)), ...(sampler && { sampler }) };
  const headers = await namingFlags(flags, () => readModelHeaders(path, config));
  checkHeads(flags.numHeads, headers.own, "the model's own config.json");
  const { name = basename(resolve(path)), recommended, schedules = {} } = zoo ?? {};
  const around = await placesOfModel(path, headers.model);
  const own = { ...headers, name, recommended, schedules, around };
  const size = sizeOf(flags, own);
  if (size === undefined) return { ...own, size: undefined };
  return { ...own, ...(await sized(flags, () => readModelHeaders(path, config, size.latent))), size: size.images };
}

/** Opens a model of a size, and says which option it is where it draws no other than its own. */
async function sized<Result>({ width }: ModelFlags, open: () => Promise<Result>): Promise<Result> {
  try {
    return await open();
  } catch (cause) {
    if (!(cause instanceof ProCacheError) || !cause.message.startsWith('latentSize: ')) throw cause;
    const option = width === undefined ? '--height' : '--width';
    throw new ProCacheError('invalid-input', cause.message.replace('latentSize', option), { cause });
  }
}

/** How a model draws images of the size that is asked for. */
function sizeOf({ width, height, resolutionBinning }: ModelFlags, known: KnownModel): DrawnSize | undefined {
  return drawnSize({ width, height, binning: resolutionBinning === false ? false : undefined }, known, asFlag);
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
  const problem = await stat(path).then(() => undefined, codeOf);
  if (problem === undefined) return;
  const [name, names] = [shownName(path), nearest(path.slice(0, 80), zooNames()).join(', ')];
  const message =
    problem === 'EACCES'
      ? ` ${name}: you may not look there; ask for the right to read it, or give another`
      : /[\\/.]/.test(path)
        ? `: there is no file or folder ${name}; give a checkpoint, a model folder, or a model of the zoo (${names})`
        : `: there is no model '${name}'; the zoo has ${names}, and a path to a checkpoint or a model folder does ` +
          `as well`;
  throw new ProCacheError('invalid-input', `--model${message}`);
}

/** What the user adds to a model's own config.json. */
export async function readConfigFlags(flags: Omit<ModelFlags, 'model' | 'sampler'>): Promise<ConfigJson> {
  const { config, numHeads, family } = flags;
  const fields = config === undefined ? {} : await readConfigFile(config, `--config ${config}`);
  checkHeads(numHeads, fields, `--config ${config ?? ''}`);
  return { ...fields, ...(numHeads !== undefined && { num_heads: numHeads }), ...(family !== undefined && { family }) };
}

/** Refuses heads that a config contradicts: the option is for checkpoints that do not tell. */
function checkHeads(numHeads: number | undefined, config: ConfigJson, where: string): void {
  const told = config['num_heads'] ?? config['num_attention_heads'];
  if (numHeads === undefined || told === undefined || told === null || told === numHeads) return;
  throw new ProCacheError('invalid-input', `--num-heads ${numHeads}: ${where} says ${shown(told)}; leave this out`);
}
