import { type Checkpoint, elementCount, type StoredTensor } from './checkpoint.ts';
import { chooseWeights, type TensorPlace, type Weights } from './choose-weights.ts';
import { type CheckpointFile, type Dictionary } from './dictionary.ts';
import { refusalOf } from './refusal.ts';
import { placeInWords } from './weights-rank.ts';

/** Views may share their values, but not so that a small file asks for a large memory. */
const mostShared = 64;

/** The state of a torch file whose tensors are under no key. */
const topLevel = 'top level';

/** Keys of the metadata that this library writes; those of a file do not count. */
const ownKeys = /^procache\./;

/** The checkpoint in a file: the tensors of its model under the model's own names. */
export async function checkpointOf(file: CheckpointFile): Promise<Checkpoint> {
  const weights = chooseWeights(file);
  const tensors = weights ? await locate(weights.places) : new Map<string, StoredTensor>();
  checkValues(file, [...tensors.values()], weights?.taken.marked ?? false);
  const metadata = new Map([...file.metadata].filter(([key]) => !ownKeys.test(key)));
  if (weights) for (const [key, value] of noted(weights, file)) metadata.set(key, value);
  return { format: file.format, tensors, metadata };
}

async function locate(places: ReadonlyMap<string, TensorPlace>): Promise<ReadonlyMap<string, StoredTensor>> {
  const wanted = new Map<Dictionary, [name: string, original: string][]>();
  for (const [name, place] of places) {
    const names = wanted.get(place.dictionary) ?? [];
    names.push([name, place.name]);
    wanted.set(place.dictionary, names);
  }
  const located = new Map<string, StoredTensor>();
  for (const [dictionary, names] of wanted) {
    const tensors = await dictionary.locate(names.map(([, original]) => original));
    names.forEach(([name], i) => located.set(name, { ...tensors[i]!, name }));
  }
  return new Map([...places.keys()].map((name) => [name, located.get(name)!]));
}

/** What is known only of all tensors together. */
function checkValues(file: CheckpointFile, tensors: readonly StoredTensor[], isModel: boolean): void {
  const counts = tensors.filter(({ unread }) => unread === undefined).map(({ shape }) => elementCount(shape));
  const elements = counts.reduce((sum, count) => sum + count, 0);
  if (elements > mostShared * file.size) {
    throw refusalOf(file)(
      `its tensors have ${elements} elements but the file ${file.size} bytes; store contiguous copies of them`,
    );
  }
  const records = new Set(tensors.map(({ record }) => record));
  const recorded = [...records].reduce((sum, record) => sum + (record?.length ?? 0), 0);
  if (recorded > file.size) {
    throw refusalOf(file)(
      `its entries take ${recorded} bytes but the file has ${file.size}: they overlap; download it again`,
    );
  }
  const empty = counts.filter((count) => count === 0).length;
  if (isModel && empty > counts.length / 2) {
    throw refusalOf(file)(
      `${empty} of its ${counts.length} tensors have no values, as in a file of one process of several; ` +
        'gather the weights first (zero_to_fp32.py for DeepSpeed)',
    );
  }
}

function noted({ taken, notes }: Weights, { format }: CheckpointFile): readonly (readonly [string, string])[] {
  const { path } = taken.dictionary;
  return [
    ...(path !== '' || format === 'torch' ? [['procache.state', path || topLevel] as const] : []),
    ...(taken.prefix === '' ? [] : [['procache.prefix', taken.prefix] as const]),
    ...(notes.length === 0 ? [] : [['procache.note', notes.join('; ')] as const]),
  ];
}

/** What was taken of a file that holds more than a model's tensors, in words; nothing where there is nothing to say. */
export function weightsTaken({ metadata }: Checkpoint): string | undefined {
  const state = metadata.get('procache.state') ?? topLevel;
  const prefix = metadata.get('procache.prefix') ?? '';
  const note = metadata.get('procache.note');
  if (state === topLevel && prefix === '' && note === undefined) return undefined;
  const place = placeInWords(state === topLevel ? '' : state, prefix);
  return note === undefined ? place : `${place} (${note})`;
}
