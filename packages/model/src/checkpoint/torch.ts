import { shownName } from '@procache/core/untrusted';

import { type ByteSource } from './byte-source.ts';
import { elementCount, elementSpan, rowMajorStrides, type StoredRecord, type StoredTensor } from './checkpoint.ts';
import { type CheckpointFile, type Dictionary } from './dictionary.ts';
import { unpickle } from './pickle.ts';
import { type TorchTensor, type UnreadTensor } from './pickle-value.ts';
import { type Refuse, refusalOf, refusalOfTensor } from './refusal.ts';
import { bytesPerElement, notRead, type StoredType } from './stored-type.ts';
import { type TorchDictionary, torchDictionaries } from './torch-dictionaries.ts';
import { torchMeaning } from './torch-meaning.ts';
import { storageBytes } from './torch-tensors.ts';
import { decodedText } from './utf8.ts';
import { readEntry, storedRecord } from './zip.ts';
import { readZipDirectory, type ZipEntry } from './zip-directory.ts';

/** The pickle holds names and shapes, not values; that of a large model takes 1 MB. */
const longestPickle = 64 * 2 ** 20;
const longestNote = 1024;
/** Entry headers that are read at once; over HTTP one after the other would take minutes. */
const headersAtOnce = 16;

/** A zip file of `torch.save` (since torch 1.6), of which the pickle was read and found harmless. */
export async function readTorch(source: ByteSource): Promise<CheckpointFile> {
  const refuse = refusalOf(source);
  const entries = await readZipDirectory(source);
  const folder = archiveFolder(entries, refuse);
  await checkByteOrder(source, entries.get(`${folder}byteorder`), refuse);
  const pickle = await readEntry(source, entries.get(`${folder}data.pkl`)!, longestPickle);
  const { dictionaries, nameless } = torchDictionaries(unpickle(pickle, torchMeaning(refuse), refuse), refuse);
  const archive: Archive = { source, storage: (key) => entries.get(`${folder}data/${key}`), records: new Map() };
  return {
    name: source.name,
    format: 'torch',
    dictionaries: dictionaries.map((dictionary) => dictionaryIn(archive, dictionary)),
    metadata: new Map(),
    nameless,
    size: source.size,
  };
}

/** The storages of a zip file, and where those are that were looked for. */
interface Archive {
  readonly source: ByteSource;
  storage(key: string): ZipEntry | undefined;
  readonly records: Map<string, StoredRecord>;
}

/** The folder in the zip file that holds everything, with its slash. */
function archiveFolder(entries: ReadonlyMap<string, ZipEntry>, refuse: Refuse): string {
  const pickles = [...entries.keys()].filter((name) => name === 'data.pkl' || name.endsWith('/data.pkl'));
  const pickle = pickles.toSorted((a, b) => a.length - b.length)[0];
  if (pickle === undefined) {
    throw refuse(
      `the zip file of ${entries.size} entries has no data.pkl, so it is not from torch.save; ` +
        `unpack it if the checkpoint is inside`,
    );
  }
  const folder = pickle.slice(0, -'data.pkl'.length);
  if (entries.has(`${folder}constants.pkl`)) {
    throw refuse(
      'this is a TorchScript program, not a checkpoint; save its weights alone with ' +
        'torch.save(model.state_dict(), path)',
    );
  }
  return folder;
}

async function checkByteOrder(source: ByteSource, entry: ZipEntry | undefined, refuse: Refuse): Promise<void> {
  if (entry === undefined) return; // before torch 2.1; always little-endian
  const order = decodedText(await readEntry(source, entry, longestNote))?.trim();
  if (order !== 'little') {
    throw refuse(
      `its byte order is '${shownName(order ?? 'unreadable')}' but only 'little' is read; save it again as safetensors`,
    );
  }
}

function dictionaryIn(archive: Archive, { path, tensors }: TorchDictionary): Dictionary {
  return {
    path,
    shapes: new Map([...tensors].map(([name, { shape }]) => [name, shape])),
    locate: (names) =>
      locate(
        archive,
        names.map((name) => [name, tensors.get(name)!]),
      ),
  };
}

type Named = readonly [name: string, tensor: TorchTensor | UnreadTensor];

async function locate(archive: Archive, tensors: readonly Named[]): Promise<readonly StoredTensor[]> {
  const storages = new Map<string, ZipEntry>();
  const found = tensors.map(([name, tensor]): Found | StoredTensor => {
    const refuse = refusalOfTensor(archive.source, name);
    if (tensor.kind === 'unread' || tensor.type === undefined) return withoutValues(name, tensor, archive.source);
    const { key } = tensor.storage;
    const entry = archive.storage(key);
    if (entry === undefined) throw refuse(`its storage '${shownName(key)}' is not in the file; download it again`);
    checkTensor(tensor, tensor.type, entry.size, refuse);
    storages.set(key, entry);
    return { name, tensor, type: tensor.type };
  });
  await findRecords(archive, storages);
  return found.map((each) => ('tensor' in each ? stored(each, archive) : each));
}

/** A tensor of the pickle that was found to lie within its storage. */
interface Found {
  readonly name: string;
  readonly tensor: TorchTensor;
  readonly type: StoredType;
}

/** A tensor that may be there as long as nobody needs it. */
function withoutValues(name: string, tensor: TorchTensor | UnreadTensor, source: ByteSource): StoredTensor {
  const { typeName, shape } = tensor;
  const unread =
    tensor.kind === 'unread' ? `it is stored ${tensor.what}; store it as a plain tensor` : notRead(typeName);
  return { name, type: shownName(typeName), shape, strides: rowMajorStrides(shape), source, offset: 0, unread };
}

/** Refuses a tensor whose storage has not the bytes that the pickle claims, or which does not lie within it. */
function checkTensor(tensor: TorchTensor, type: StoredType, available: number, refuse: Refuse): void {
  const { storage, shape, strides, offset } = tensor;
  const claimed = storageBytes(storage);
  const key = shownName(storage.key);
  if (claimed !== available) {
    throw refuse(
      `its storage '${key}' should take ${claimed ?? 'unknown'} bytes but takes ${available}; ` +
        `the file is damaged, download it again`,
    );
  }
  const held = Math.floor(available / bytesPerElement(type));
  const end = offset + elementSpan(shape, strides);
  const view = `shape [${shape.join(', ')}] with strides [${strides.join(', ')}] at ${offset}`;
  if (!(end <= held)) {
    throw refuse(
      `${view} ends at element ${end} but its storage '${key}' has ${held}; the file is damaged, download it again`,
    );
  }
  // A view that repeats its elements may be of any size, whatever the file takes.
  const count = elementCount(shape);
  if (count > held) {
    throw refuse(`${view} has ${count} elements but its storage '${key}' has ${held}; store a contiguous copy of it`);
  }
}

/** Finds where the storages begin; their headers are read once. */
async function findRecords({ source, records }: Archive, storages: ReadonlyMap<string, ZipEntry>): Promise<void> {
  const waiting = [...storages].filter(([key]) => !records.has(key));
  for (let at = 0; at < waiting.length; at += headersAtOnce) {
    const group = waiting.slice(at, at + headersAtOnce);
    const found = await Promise.all(group.map(([, entry]) => storedRecord(source, entry)));
    group.forEach(([key], i) => records.set(key, found[i]!));
  }
}

function stored({ name, tensor, type }: Found, { source, records }: Archive): StoredTensor {
  const { shape, strides, storage } = tensor;
  const record = records.get(storage.key)!;
  return { name, type, shape, strides, source, offset: record.offset + tensor.offset * bytesPerElement(type), record };
}
