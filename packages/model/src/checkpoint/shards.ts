import { type ByteSource, readRange } from './byte-source.ts';
import { type Checkpoint, type StoredTensor } from './checkpoint.ts';
import { isJsonObject, parseJsonObject } from './json-object.ts';
import { openCheckpoint } from './open-checkpoint.ts';
import { type Refuse, refusalOf, shown } from './refusal.ts';
import { textOf } from './utf8.ts';

/** No index is this long; one of a thousand tensors takes 100 kB. */
const longestIndex = 64 * 2 ** 20;

/**
 * A checkpoint that is spread over several files, as its `*.safetensors.index.json` lists them.
 *
 * `open` gives the source of a file that lies beside the index. Each file is opened once; tensors
 * that the index does not list are left out.
 */
export async function openShards(
  index: ByteSource,
  open: (file: string) => Promise<ByteSource>,
): Promise<Checkpoint> {
  const refuse = refusalOf(index);
  const { fileOf, metadata } = await readIndex(index, refuse);
  const shards = new Map<string, Checkpoint>();
  for (const file of new Set(fileOf.values())) {
    const shard = await openCheckpoint(await open(file));
    shards.set(file, shard);
    for (const [key, value] of shard.metadata) if (!metadata.has(key)) metadata.set(key, value);
  }
  const tensors = new Map<string, StoredTensor>();
  for (const [name, file] of fileOf) {
    const { tensors: held } = shards.get(file)!;
    const tensor = held.get(name);
    if (tensor === undefined) {
      throw refuse(`tensor '${name}' should lie in '${file}', which holds ${held.size} others; download that file again`);
    }
    tensors.set(name, tensor);
  }
  return { format: oneFormat(shards, refuse), tensors, metadata };
}

interface Index {
  readonly fileOf: ReadonlyMap<string, string>;
  readonly metadata: Map<string, string>;
}

async function readIndex(index: ByteSource, refuse: Refuse): Promise<Index> {
  if (index.size > longestIndex) {
    throw refuse(`an index of ${index.size} bytes is over the limit of ${longestIndex}; this is not an index`);
  }
  const text = textOf(await readRange(index, 0, index.size));
  if (text === undefined) throw refuse('the index is not UTF-8 text; download it again');
  const { weight_map: weightMap, metadata } = parseJsonObject(text, 'index', refuse);
  if (!isJsonObject(weightMap) || Object.keys(weightMap).length === 0) {
    throw refuse("the index has no 'weight_map' that names tensors; this is not the index of a sharded checkpoint");
  }
  const fileOf = new Map<string, string>();
  for (const [name, file] of Object.entries(weightMap)) {
    if (!isPlainFileName(file)) {
      throw refuse(`tensor '${name}' should lie in ${shown(file)}, which is not the name of a file beside the index`);
    }
    fileOf.set(name, file);
  }
  return { fileOf, metadata: textMetadata(metadata) };
}

/** A name without folders: an index must not reach for files elsewhere. */
function isPlainFileName(file: unknown): file is string {
  return typeof file === 'string' && /^[^/\\:]+$/.test(file) && file !== '.' && file !== '..';
}

/** The texts and numbers that the index says about the whole. */
function textMetadata(metadata: unknown): Map<string, string> {
  const texts = new Map<string, string>();
  for (const [key, value] of Object.entries(isJsonObject(metadata) ? metadata : {})) {
    if (typeof value === 'string' || typeof value === 'number') texts.set(key, String(value));
  }
  return texts;
}

function oneFormat(shards: ReadonlyMap<string, Checkpoint>, refuse: Refuse): Checkpoint['format'] {
  const formats = new Set([...shards.values()].map(({ format }) => format));
  if (formats.size > 1) throw refuse('its files mix safetensors and torch; take all of them from one place');
  return formats.has('torch') ? 'torch' : 'safetensors';
}
