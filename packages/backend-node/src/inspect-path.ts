import { stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { ProCacheError } from '@procache/core';
import { isJsonObject, parseJson } from '@procache/core/untrusted';
import { fingerprintOf, readRegularText } from '@procache/files';
import {
  type Checkpoint,
  checkpointContent,
  type CheckpointContent,
  checkpointKind,
  type CheckpointKind,
  checkRecords,
  type ConfigJson,
  describeKind,
  type Fact,
  findParts,
  type FoundPart,
  type ModelConfig,
  openModel,
  partsAt,
  sourcesOf,
  type StoredTensor,
  type TransformerModel,
  weightsTaken,
} from '@procache/model';
import { cachedSnapshot } from './hub-cache.ts';
import { openCheckpointFiles } from './model-files.ts';
import { isThere, namesIn, OpenFiles } from './node-folder.ts';
import { type BrokenParts, openCompanions } from './open-companions.ts';
import { configOfDecoder, configOfEncoder } from './part-config.ts';
import { type PartsBeside, partsBeside } from './parts-beside.ts';

/** What lies at a path: a model with its parts, one of the parts, or a pipeline without its transformer. */
export type PathReport = ModelReport | PartReport | TokenizerReport | PartsReport;

/** A transformer, or what is not known to be anything else. */
export interface ModelReport {
  readonly kind: 'transformer';
  readonly held: HeldCheckpoint;
  readonly model: TransformerModel | ProCacheError;
  /** What stands beside a model that is supported. */
  readonly parts: PartsBeside | undefined;
  /** Which of them cannot be opened, and why. */
  readonly broken: BrokenParts;
}

/** A checkpoint that is another part of a pipeline. */
export interface PartReport {
  readonly kind: CheckpointKind;
  readonly held: HeldCheckpoint;
  readonly facts: readonly Fact[];
}

export interface TokenizerReport {
  readonly kind: 'tokenizer';
  readonly facts: readonly Fact[];
}

export interface PartsReport {
  readonly kind: 'parts';
  readonly found: readonly FoundPart[];
}

/** What the files of a checkpoint hold. */
export interface HeldCheckpoint extends CheckpointContent {
  readonly file: string;
  readonly fingerprint: string;
  /** Which of its weights were taken, where there are several: see `weightsTaken`. */
  readonly taken: string | undefined;
  /** Bytes of weights that have the checksums which their file keeps of them; where that was asked. */
  readonly checkedBytes?: number;
  readonly tensorList: readonly StoredTensor[];
}

export interface InspectOptions {
  /** Fields that add to the model's config.json. */
  readonly config?: ConfigJson | undefined;
  /** Whether the weights are checked against the checksums that their file keeps. */
  readonly check?: boolean | undefined;
}

/**
 * Tells what lies at a path, by headers and configs: no weights are read, unless they are to be checked.
 *
 * @throws {ProCacheError} `invalid-model`, with the file, the place in it and the way out, for what cannot be read.
 */
export async function inspectPath(path: string, options: InspectOptions = {}): Promise<PathReport> {
  const isFolder = (await stat(path).catch(() => undefined))?.isDirectory() === true;
  const place = isFolder ? await cachedSnapshot(path) : path;
  return (await tokenizerAt(place, isFolder)) ?? (await partsAround(place, isFolder)) ?? checkpointAt(path, options);
}

async function checkpointAt(path: string, { config = {}, check = false }: InspectOptions): Promise<PathReport> {
  const opened = await openCheckpointFiles(path);
  try {
    const { checkpoint } = opened;
    const held = await heldIn(opened.path, checkpoint, check);
    const model = await modelIn(checkpoint, opened.config.with(config));
    const kind = model instanceof ProCacheError ? checkpointKind(checkpoint) : undefined;
    if (kind !== undefined) {
      const own = (kind === 'autoencoder' ? configOfDecoder : configOfEncoder)(opened.config.own);
      return { kind, held, facts: await describeKind(kind, checkpoint, own) };
    }
    if (model instanceof ProCacheError) return { kind: 'transformer', held, model, parts: undefined, broken: {} };
    return { kind: 'transformer', held, model, ...(await partsOf(path, model)) };
  } finally {
    await opened.close();
  }
}

/** What stands beside a model; it is opened as for drawing, and closed again, to see whether it can be. */
async function partsOf(path: string, model: TransformerModel): Promise<Pick<ModelReport, 'parts' | 'broken'>> {
  const { decoder, preview, encoder, broken } = await openCompanions(path, model);
  await Promise.all([decoder?.dispose(), preview?.dispose(), encoder?.dispose()]);
  return { parts: await partsBeside(path, model), broken };
}

async function heldIn(path: string, checkpoint: Checkpoint, check: boolean): Promise<HeldCheckpoint> {
  return {
    file: basename(resolve(path)),
    fingerprint: await fingerprintOf(sourcesOf(checkpoint)),
    ...checkpointContent(checkpoint),
    taken: weightsTaken(checkpoint),
    ...(check && { checkedBytes: await checkRecords(checkpoint) }),
    tensorList: [...checkpoint.tensors.values()],
  };
}

/** The model, or why there is none. */
async function modelIn(checkpoint: Checkpoint, config: ModelConfig): Promise<TransformerModel | ProCacheError> {
  try {
    return await openModel(checkpoint, config);
  } catch (cause) {
    if (cause instanceof ProCacheError) return cause;
    throw cause;
  }
}

/** What a tokenizer is kept as. */
const TOKENIZER_FILE = /^(?:tokenizer\.json|spiece\.model)$/;

/** The tokenizer that a path is: its file, or a folder with nothing else in it. */
async function tokenizerAt(path: string, isFolder: boolean): Promise<TokenizerReport | undefined> {
  if (!isFolder) return TOKENIZER_FILE.test(basename(path)) ? tokenizerIn(path) : undefined;
  const files = new OpenFiles();
  const parts = await partsAt(files.folder(dirname(path)), basename(path)).finally(() => files.close());
  const [found] = parts;
  return parts.length === 1 && found?.part === 'tokenizer' ? tokenizerIn(join(path, found.kind)) : undefined;
}

/** Bytes of the longest tokenizer.json that is read: that of T5 has 2.4 MB. */
const LONGEST_TOKENIZER = 64 * 2 ** 20;

async function tokenizerIn(path: string): Promise<TokenizerReport> {
  const file = basename(path);
  const is: Fact = ['is', 'a tokenizer, which cuts prompts for a text encoder'];
  if (file !== 'tokenizer.json') return { kind: 'tokenizer', facts: [is, ['file', `${file}, of SentencePiece`]] };
  const what = 'a tokenizer.json';
  const text = await readRegularText(path, { most: LONGEST_TOKENIZER, code: 'invalid-model', what });
  const value = parseJson(text, { name: path, code: 'invalid-model', advice: `give ${what}` });
  const model = isJsonObject(value) && isJsonObject(value['model']) ? value['model'] : {};
  const { type, vocab } = model;
  const pieces = Array.isArray(vocab) ? vocab.length : isJsonObject(vocab) ? Object.keys(vocab).length : 0;
  return {
    kind: 'tokenizer',
    facts: [
      is,
      ['file', `${file}, ${typeof type === 'string' ? type : 'of no known kind'}`],
      ['pieces', String(pieces)],
    ],
  };
}

/** The parts of a pipeline that has no transformer, such as those that several models share. */
async function partsAround(path: string, isFolder: boolean): Promise<PartsReport | undefined> {
  if (!isFolder || !(await isThere(join(path, 'model_index.json')))) return undefined;
  if ((await namesIn(path))?.includes('transformer/')) return undefined;
  const files = new OpenFiles();
  const folder = files.folder(path);
  const { found } = await findParts({ folder, weights: '', pipeline: folder }).finally(() => files.close());
  return found.length === 0 ? undefined : { kind: 'parts', found };
}
