import { type ByteSource } from './byte-source.ts';
import { type Checkpoint, elementCount, elementSpan, type StoredTensor } from './checkpoint.ts';
import { unpickle } from './pickle.ts';
import { type TorchStorage, type TorchTensor } from './pickle-value.ts';
import { type Refuse, refusalOf } from './refusal.ts';
import { bytesPerElement, type StoredType } from './stored-type.ts';
import { storageType, torchMeaning } from './torch-meaning.ts';
import { chooseState } from './torch-state.ts';
import { textOf } from './utf8.ts';
import { readEntry, storedOffset } from './zip.ts';
import { readZipDirectory, type ZipEntry } from './zip-directory.ts';

/** The pickle holds names and shapes, not values; that of a large model takes 1 MB. */
const longestPickle = 64 * 2 ** 20;
const longestNote = 1024;
/** A view that repeats its elements may have this many; 64 MiB in fp32. */
const mostRepeated = 2 ** 24;
/** Entry headers that are read at once; over HTTP one after the other would take minutes. */
const headersAtOnce = 16;

/** A zip file of `torch.save` (since torch 1.6), of which the pickle was read and found harmless and sound. */
export async function openTorch(source: ByteSource): Promise<Checkpoint> {
  const refuse = refusalOf(source);
  const entries = await readZipDirectory(source);
  const folder = archiveFolder(entries, refuse);
  await checkByteOrder(source, entries.get(`${folder}byteorder`), refuse);
  const pickle = await readEntry(source, entries.get(`${folder}data.pkl`)!, longestPickle);
  const state = chooseState(unpickle(pickle, torchMeaning(refuse), refuse), refuse);
  const storages = new Map<string, ZipEntry>();
  const found: Found[] = [];
  for (const [name, tensor] of state.tensors) {
    const { key } = tensor.storage;
    const refuseTensor: Refuse = (message) => refuse(`tensor '${name}': ${message}`);
    const entry = entries.get(`${folder}data/${key}`);
    if (entry === undefined) throw refuseTensor(`its storage '${key}' is not in the file; download it again`);
    found.push({ name, tensor, type: checkTensor(tensor, entry.size, refuseTensor) });
    storages.set(key, entry);
  }
  const offsets = await storageOffsets(source, storages);
  const located = found.map((each): [string, StoredTensor] => {
    return [each.name, locate(each, source, offsets.get(each.tensor.storage.key)!)];
  });
  return { format: 'torch', tensors: new Map(located), metadata: new Map([['procache.state', state.key]]) };
}

/** A tensor of the pickle that was found to lie within its storage. */
interface Found {
  readonly name: string;
  readonly tensor: TorchTensor;
  readonly type: StoredType;
}

/** The folder in the zip file that holds everything, with its slash. */
function archiveFolder(entries: ReadonlyMap<string, ZipEntry>, refuse: Refuse): string {
  const pickles = [...entries.keys()].filter((name) => name === 'data.pkl' || name.endsWith('/data.pkl'));
  const pickle = pickles.toSorted((a, b) => a.length - b.length)[0];
  if (pickle === undefined) {
    throw refuse(`the zip file of ${entries.size} entries has no data.pkl, so it is not from torch.save; unpack it if the checkpoint is inside`);
  }
  const folder = pickle.slice(0, -'data.pkl'.length);
  if (entries.has(`${folder}constants.pkl`)) {
    throw refuse('this is a TorchScript program, not a checkpoint; save its weights alone with torch.save(model.state_dict(), path)');
  }
  return folder;
}

async function checkByteOrder(source: ByteSource, entry: ZipEntry | undefined, refuse: Refuse): Promise<void> {
  if (entry === undefined) return; // before torch 2.1; always little-endian
  const order = textOf(await readEntry(source, entry, longestNote))?.trim();
  if (order !== 'little') {
    throw refuse(`its byte order is '${order ?? 'unreadable'}' but only 'little' is read; save it again as safetensors`);
  }
}

/** The element type of a tensor whose storage has the bytes that the pickle claims, and which lies within it. */
function checkTensor(tensor: TorchTensor, available: number, refuse: Refuse): StoredType {
  const { storage, type, shape, strides, offset } = tensor;
  if (type === undefined) {
    throw refuse(`elements of ${tensor.typeName} are not read here; convert the tensor to float32, float16 or bfloat16`);
  }
  const claimed = storageBytes(storage, refuse);
  if (claimed !== available) {
    throw refuse(`its storage '${storage.key}' should take ${claimed} bytes but takes ${available}; the file is damaged, download it again`);
  }
  const held = Math.floor(available / bytesPerElement(type));
  const end = offset + elementSpan(shape, strides);
  if (!(end <= held)) {
    throw refuse(
      `shape [${shape.join(', ')}] with strides [${strides.join(', ')}] at ${offset} ends at element ${end} but its storage '${storage.key}' has ${held}; the file is damaged, download it again`,
    );
  }
  const count = elementCount(shape);
  if (count > Math.max(held, mostRepeated)) {
    throw refuse(
      `shape [${shape.join(', ')}] has ${count} elements but its storage '${storage.key}' has ${held}; store a contiguous copy of it`,
    );
  }
  return type;
}

function storageBytes(storage: TorchStorage, refuse: Refuse): number {
  if (storage.className === 'torch.storage.UntypedStorage' || storage.className === 'torch.UntypedStorage') return storage.count;
  const type = storageType(storage);
  if (type === undefined) {
    throw refuse(`elements of ${storage.className} are not read here; convert the tensor to float32, float16 or bfloat16`);
  }
  return storage.count * bytesPerElement(type);
}

async function storageOffsets(
  source: ByteSource,
  storages: ReadonlyMap<string, ZipEntry>,
): Promise<ReadonlyMap<string, number>> {
  const offsets = new Map<string, number>();
  const waiting = [...storages];
  while (waiting.length > 0) {
    const group = waiting.splice(0, headersAtOnce);
    const found = await Promise.all(group.map(([, entry]) => storedOffset(source, entry)));
    group.forEach(([key], i) => offsets.set(key, found[i]!));
  }
  return offsets;
}

function locate({ name, tensor, type }: Found, source: ByteSource, storageOffset: number): StoredTensor {
  const { shape, strides } = tensor;
  return { name, type, shape, strides, source, offset: storageOffset + tensor.offset * bytesPerElement(type) };
}
