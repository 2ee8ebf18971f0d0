import type { ByteSource } from '../checkpoint/byte-source.ts';
import { type Checkpoint, elementCount } from '../checkpoint/checkpoint.ts';

/** What a checkpoint holds, whether or not it is a model that can be run. */
export interface CheckpointContent {
  readonly format: Checkpoint['format'];
  /** How many tensors there are. */
  readonly tensors: number;
  /** How many of each number format, as their file calls it. */
  readonly types: Readonly<Record<string, number>>;
  /** Numbers in all tensors. */
  readonly parameters: number;
  /** Sizes of the files that the tensors lie in. */
  readonly bytes: number;
  /** What the files say about themselves, and what was taken of them: see `Checkpoint`. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** Counts what a checkpoint holds, by its headers: no weight is read. */
export function checkpointContent(checkpoint: Checkpoint): CheckpointContent {
  const tensors = [...checkpoint.tensors.values()];
  const types: Record<string, number> = {};
  for (const { type } of tensors) types[type] = (types[type] ?? 0) + 1;
  return {
    format: checkpoint.format,
    tensors: tensors.length,
    types,
    parameters: tensors.reduce((sum, { shape }) => sum + elementCount(shape), 0),
    bytes: [...sourcesOf(checkpoint)].reduce((sum, { size }) => sum + size, 0),
    metadata: Object.fromEntries(checkpoint.metadata),
  };
}

/** The files that the tensors of a checkpoint lie in. */
export function sourcesOf({ tensors }: Checkpoint): ReadonlySet<ByteSource> {
  return new Set([...tensors.values()].map(({ source }) => source));
}
