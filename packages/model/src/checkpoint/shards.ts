import { isJsonObject, parseJson, shown, shownName } from '@procache/core/untrusted';

import { type ByteSource, rangeOf } from './byte-source.ts';
import { type Checkpoint } from './checkpoint.ts';
import { checkpointOf } from './checkpoint-of.ts';
import { type CheckpointFile, type Dictionary } from './dictionary.ts';
import { readCheckpointFile } from './open-checkpoint.ts';
import { type Refuse, refusalOf } from './refusal.ts';
import { decodedText } from './utf8.ts';

/** No index is this long; one of a thousand tensors takes 100 kB. */
const longestIndex = 16 * 2 ** 20;
/** Nor are there as many files. */
const mostFiles = 10_000;
/** The limit of file systems. */
const longestFileName = 255;

/**
 * Whether a file is the index of several, by its name: `model.safetensors.index.json`,
 * `pytorch_model.bin.index.fp16.json`.
 */
export function isShardIndex(name: string): boolean {
  return /\.index(?:\.[^./\\]+)?\.json$/.test(name);
}

/**
 * A checkpoint that is spread over several files, as its index lists them: see `isShardIndex`.
 *
 * `open` gives the source of a file that lies beside the index. Each file is opened once; tensors
 * that the index does not list are left out.
 */
export async function openShards(index: ByteSource, open: (file: string) => Promise<ByteSource>): Promise<Checkpoint> {
  const refuse = refusalOf(index);
  const { fileOf, metadata } = await readIndex(index, refuse);
  const shards: CheckpointFile[] = [];
  const parts = new Map<string, Dictionary>();
  for (const [file, names] of namesByFile(fileOf)) {
    const shard = await readCheckpointFile(await open(file));
    shards.push(shard);
    parts.set(file, listedTensors(shard, file, names, refuse));
    for (const [key, value] of shard.metadata) if (!metadata.has(key)) metadata.set(key, value);
  }
  return checkpointOf({
    name: index.name,
    format: oneFormat(shards, refuse),
    dictionaries: [joined(fileOf, parts)],
    metadata,
    nameless: [],
    size: shards.reduce((sum, shard) => sum + shard.size, 0),
  });
}

function namesByFile(fileOf: ReadonlyMap<string, string>): ReadonlyMap<string, readonly string[]> {
  const names = new Map<string, string[]>();
  for (const [name, file] of fileOf) {
    const own = names.get(file) ?? [];
    own.push(name);
    names.set(file, own);
  }
  return names;
}

/** The dictionary of a shard that has the tensors which the index lists for it. */
function listedTensors(shard: CheckpointFile, file: string, names: readonly string[], refuse: Refuse): Dictionary {
  const { dictionaries } = shard;
  const dictionary = dictionaries.find(({ shapes }) => names.every((name) => shapes.has(name)));
  if (dictionary) return dictionary;
  const held = dictionaries[0]?.shapes;
  const missing = names.find((name) => !held?.has(name))!;
  throw refuse(
    `tensor '${shownName(missing)}' should lie in '${shownName(file)}', which holds ${held?.size ?? 0} others; ` +
      `download that file again`,
  );
}

/** The tensors of several dictionaries in one, in the order of the index. */
function joined(fileOf: ReadonlyMap<string, string>, parts: ReadonlyMap<string, Dictionary>): Dictionary {
  return {
    path: '',
    shapes: new Map([...fileOf].map(([name, file]) => [name, parts.get(file)!.shapes.get(name)!])),
    locate: async (names) => {
      const located = await Promise.all(
        [...parts].map(async ([file, part]) => {
          const own = names.filter((name) => fileOf.get(name) === file);
          return (await part.locate(own)).map((tensor, i) => [own[i]!, tensor] as const);
        }),
      );
      const byName = new Map(located.flat());
      return names.map((name) => byName.get(name)!);
    },
  };
}

interface Index {
  readonly fileOf: ReadonlyMap<string, string>;
  readonly metadata: Map<string, string>;
}

async function readIndex(index: ByteSource, refuse: Refuse): Promise<Index> {
  if (index.size > longestIndex) {
    throw refuse(`an index of ${index.size} bytes is over the limit of ${longestIndex}; this is not an index`);
  }
  const text = decodedText(await rangeOf(index, 0, index.size));
  if (text === undefined) throw refuse('the index is not UTF-8 text; download it again');
  const json = parseJson(text, { name: index.name, code: 'invalid-model', advice: 'download it again' });
  const { weight_map: weightMap, metadata } = isJsonObject(json) ? json : {};
  if (!isJsonObject(weightMap) || Object.keys(weightMap).length === 0) {
    throw refuse(
      "it has no 'weight_map' that names tensors, so it is not the index of a sharded checkpoint; " +
        'hand over the checkpoint itself',
    );
  }
  const fileOf = new Map<string, string>();
  for (const [name, file] of Object.entries(weightMap)) {
    if (!isPlainFileName(file)) {
      throw refuse(
        `tensor '${shownName(name)}' should lie in ${shown(file)}, which is not the name of a file beside the ` +
          `index; download the index again`,
      );
    }
    fileOf.set(name, file);
  }
  const files = new Set(fileOf.values()).size;
  if (files > mostFiles)
    throw refuse(`it names ${files} files but ${mostFiles} are the limit; this is not the index of a checkpoint`);
  return { fileOf, metadata: textMetadata(metadata) };
}

/** A name without folders: an index must not reach for files elsewhere. */
function isPlainFileName(file: unknown): file is string {
  if (typeof file !== 'string' || file === '.' || file === '..') return false;
  return file.length <= longestFileName && /^[^/\\:\0]+$/.test(file);
}

/** The texts and numbers that the index says about the whole. */
function textMetadata(metadata: unknown): Map<string, string> {
  const texts = new Map<string, string>();
  for (const [key, value] of Object.entries(isJsonObject(metadata) ? metadata : {})) {
    if (typeof value === 'string' || typeof value === 'number') texts.set(key, String(value));
  }
  return texts;
}

function oneFormat(shards: readonly CheckpointFile[], refuse: Refuse): Checkpoint['format'] {
  const formats = new Set(shards.map(({ format }) => format));
  if (formats.size > 1) throw refuse('its files mix safetensors and torch; take all of them from one place');
  return formats.has('torch') ? 'torch' : 'safetensors';
}
