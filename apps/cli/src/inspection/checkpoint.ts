import { basename, resolve } from 'node:path';
import { openCheckpointFiles } from '@procache/backend-node';
import { ProCacheError } from '@procache/core';
import { printable, shownName } from '@procache/core/untrusted';
import { fingerprintOf } from '@procache/files';
import {
  type Checkpoint,
  checkpointContent,
  type CheckpointContent,
  checkRecords,
  describeArchitecture,
  describeSampling,
  type ModelConfig,
  openModel,
  sourcesOf,
  type StoredTensor,
  type TransformerModel,
  weightsTaken,
} from '@procache/model';
import { describeTakes } from '@procache/pipeline';
import { zooModel } from '@procache/zoo';
import { bytes, formatTable, large, wrapText } from '@procache/text';
import { readConfigFlags } from '../arguments/model-choice.ts';
import { unreadText } from '../unread-fields.ts';
import { COLUMN, type InspectFlags, type Inspection, listOf } from './inspection.ts';

/** What a checkpoint holds, whether or not it is a model that can be run. */
export async function inspectCheckpoint(path: string, flags: InspectFlags): Promise<Inspection> {
  const opened = await openCheckpointFiles(zooModel(path)?.folder ?? path);
  try {
    const { checkpoint, config } = opened;
    const model = await modelIn(checkpoint, config.with(await readConfigFlags(flags)));
    const checked = flags.check ? await checkRecords(checkpoint) : undefined;
    const held = {
      file: basename(resolve(opened.path)),
      fingerprint: await fingerprintOf(sourcesOf(checkpoint)),
      ...checkpointContent(checkpoint),
      ...(checked !== undefined && { checkedBytes: checked }),
    };
    const tensors = [...checkpoint.tensors.values()];
    const parts = [
      checkpointText(held, weightsTaken(checkpoint)),
      modelText(model),
      ...(flags.tensors ? [tensorTable(tensors)] : []),
    ];
    const object = {
      kind: 'checkpoint',
      ...held,
      model: modelObject(model),
      ...(flags.tensors && { tensorList: tensors.map(tensorObject) }),
    };
    return { text: parts.join('\n\n'), object };
  } finally {
    await opened.close();
  }
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

interface Held extends CheckpointContent {
  readonly file: string;
  readonly fingerprint: string;
  /** Of weights that have the checksums which their file keeps of them; where that was asked. */
  readonly checkedBytes?: number;
}

function checkpointText(held: Held, taken: string | undefined): string {
  const others = Object.entries(held.metadata)
    .filter(([key]) => !key.startsWith('procache.'))
    .map(([key, value]) => `${key}=${value}`);
  return listOf([
    ['file', `${held.file}, ${held.format}, ${bytes(held.bytes)}`],
    ['tensors', `${held.tensors} (${typesText(held.types)})`],
    ['parameters', large(held.parameters)],
    ['taken', taken === undefined ? undefined : wrapped(taken)],
    ['metadata', others.length === 0 ? undefined : wrapped(shownName(others.join(', '), 300))],
    ['fingerprint', held.fingerprint],
    ['checked', held.checkedBytes === undefined ? undefined : checkedText(held.checkedBytes)],
  ]);
}

/** `200 F32, 92 F16`, and no more than a line. */
function typesText(types: CheckpointContent['types']): string {
  const counts = Object.entries(types).map(([type, count]) => `${count} ${type}`);
  return counts.length > 5 ? `${counts.slice(0, 5).join(', ')}, ...` : counts.join(', ');
}

function checkedText(checkedBytes: number): string {
  if (checkedBytes === 0) return 'nothing, as the file keeps no checksums';
  return `${bytes(checkedBytes)} of weights have the checksums that the file keeps`;
}

function wrapped(text: string): string {
  return wrapText(printable(text), 62).join(`\n${' '.repeat(COLUMN)}`);
}

function modelText(model: TransformerModel | ProCacheError): string {
  if (model instanceof ProCacheError)
    return ['not supported', ...wrapText(printable(model.message), 76).map((line) => `  ${line}`)].join('\n');
  const { takes, unreadFields } = model;
  return listOf([
    ...describeArchitecture(model),
    [takes.kind, wrapped(describeTakes(takes))],
    ...describeSampling(model).map(([name, text]) => [name, wrapped(text)] as const),
    ['not followed', unreadFields.length === 0 ? undefined : wrapped(unreadText(unreadFields))],
  ]);
}

function modelObject(model: TransformerModel | ProCacheError): object {
  if (model instanceof ProCacheError) return { supported: false, why: model.message };
  const { family, flavour, topology, latent, stream, takes, defaults, parameters, valueRange = null } = model;
  const { unreadFields } = model;
  const shape = { family, flavour, parameters, topology, latent, stream };
  return { supported: true, ...shape, takes, defaults, valueRange, unreadFields };
}

function tensorTable(tensors: readonly StoredTensor[]): string {
  const rows = tensors.map(({ name, type, shape }) => [shownName(name), type, shapeText(shape)]);
  return formatTable(['tensor', 'type', 'shape'], rows).trimEnd();
}

function shapeText(shape: readonly number[]): string {
  return `[${shape.slice(0, 8).join(', ')}${shape.length > 8 ? ', ...' : ''}]`;
}

function tensorObject({ name, type, shape }: StoredTensor): object {
  return { name, type, shape };
}
