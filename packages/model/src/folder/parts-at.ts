import { isJsonObject, parseJson } from '@procache/core/untrusted';
import type { ConfigJson } from '../config/fields.ts';
import { type Folder, within } from './folder.ts';
import { textIn } from './text-in.ts';
import { isCheckpointName } from './weight-files.ts';

/** What stands beside a transformer in a pipeline. */
export type PartName = 'decoder' | 'encoder' | 'tokenizer' | 'scheduler';
export const PART_NAMES: readonly PartName[] = ['decoder', 'encoder', 'tokenizer', 'scheduler'];

/** What may be a part of a pipeline, by its place and its config.json: its weights have not been looked at. */
export interface FoundPart {
  readonly part: PartName;
  /** Its folder or its file, by its path in the folder that was searched; `''` is that folder. */
  readonly path: string;
  /** What it calls itself: `AutoencoderKL`, `T5EncoderModel`, `spiece.model`; `words` of a table of words. */
  readonly kind: string;
  /** What its config.json says. */
  readonly config: ConfigJson;
}

/** Names of folders with an autoencoder in them, where no config.json says it. */
const DECODER_FOLDER = /^(?:vae|vae_decoder|sd-vae\b.*|sdxl-vae\b.*|tae[a-z0-9]+)$/i;
/** Files that hold an autoencoder, or its decoder alone. */
const DECODER_FILE = /^(?!.*encoder)(?:(?:.*[-_.])?vae[-_.]|tae)/i;
/** Files that hold a T5. */
const ENCODER_FILE = /^(?:u?m?t5)[-_.x]/i;
/** What tokenizers are kept as, the preferred first. */
const TOKENIZER_FILES = ['tokenizer.json', 'spiece.model'] as const;
const SCHEDULER_FILE = 'scheduler_config.json';
/** The table of words, and their vectors, of a model that reads texts by the word. */
const WORD_FILES = ['vocabulary.json', 'text_encoder.safetensors'] as const;

/** Whether a decoder is a tiny autoencoder. */
export function isTiny({ part, kind, path }: FoundPart): boolean {
  return part === 'decoder' && (kind === 'AutoencoderTiny' || /(?:^|\/)tae/i.test(path));
}

/** What a folder in a folder may be: a T5 with its tokenizer is two parts. */
export async function partsAt(root: Folder, path: string): Promise<readonly FoundPart[]> {
  const folder = within(root, path);
  const names = await folder.names?.('');
  const has = async (name: string): Promise<boolean> =>
    folder.names === undefined ? (await folder.open(name)) !== undefined : names?.includes(name) === true;
  const config = await configIn(folder);
  const found = (part: PartName, kind: string): FoundPart => ({ part, path, kind, config });
  const parts: FoundPart[] = [];
  const base = path.slice(path.lastIndexOf('/') + 1);
  const model = modelKind(config, base) ?? unsaidKind(base, names ?? []);
  if (model) parts.push(found(...model));
  for (const file of TOKENIZER_FILES) {
    if (!(await has(file))) continue;
    parts.push(found('tokenizer', file));
    break;
  }
  if (await has(SCHEDULER_FILE)) parts.push(found('scheduler', schedulerKind(await configIn(folder, SCHEDULER_FILE))));
  return parts;
}

/** What lies loose beside a checkpoint, which is not one of the parts itself. */
export function looseParts(names: readonly string[], weights: string): readonly FoundPart[] {
  const found = (part: PartName, path: string, kind: string): FoundPart => ({ part, path, kind, config: {} });
  const files = names.filter((name) => name !== weights && isCheckpointName(name)).toSorted();
  const tokenizer = TOKENIZER_FILES.find((file) => names.includes(file));
  return [
    ...(WORD_FILES.every((file) => names.includes(file)) ? [found('encoder', '', 'words')] : []),
    ...files.filter((file) => DECODER_FILE.test(file)).map((file) => found('decoder', file, 'file')),
    ...files.filter((file) => ENCODER_FILE.test(file)).map((file) => found('encoder', file, 'file')),
    ...(tokenizer === undefined ? [] : [found('tokenizer', '', tokenizer)]),
  ];
}

/** The names of `looseParts` where nobody can tell what there is. */
export const LOOSE_NAMES: readonly string[] = [...WORD_FILES, ...TOKENIZER_FILES];

/** What a config says that its model is. */
function modelKind(config: ConfigJson, base: string): [PartName, string] | undefined {
  const { _class_name: className, architectures, model_type: type } = config;
  if (typeof className === 'string' && /^(?:\w*Autoencoder|VQModel)/.test(className)) return ['decoder', className];
  const architecture: unknown = Array.isArray(architectures) ? architectures[0] : undefined;
  const kind = typeof architecture === 'string' ? architecture : typeof type === 'string' ? type : undefined;
  if (kind === undefined) return undefined;
  return /t5/i.test(kind) || base === 'text_encoder' ? ['encoder', kind] : undefined;
}

/** What a folder without a config is by its name, where there are weights in it. */
function unsaidKind(base: string, names: readonly string[]): [PartName, string] | undefined {
  if (DECODER_FOLDER.test(base) && names.some(isCheckpointName)) return ['decoder', 'file'];
  if (base !== 'text_encoder') return undefined;
  if (names.includes('model.onnx')) return ['encoder', 'model.onnx'];
  return names.some(isCheckpointName) ? ['encoder', 'file'] : undefined;
}

function schedulerKind({ _class_name: className }: ConfigJson): string {
  return typeof className === 'string' ? className : SCHEDULER_FILE;
}

/** What a config says; nothing where there is none that can be read: whoever opens the part says what is wrong. */
async function configIn(folder: Folder, name: string = 'config.json'): Promise<ConfigJson> {
  try {
    const text = await textIn(folder, name);
    const value = text && parseJson(text, { name, code: 'invalid-model', pythonNumbers: true, advice: 'mend it' });
    return isJsonObject(value) ? value : {};
  } catch {
    return {};
  }
}
