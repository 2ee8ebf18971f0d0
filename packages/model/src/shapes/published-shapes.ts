import { ProCacheError } from '@procache/core';
import { shownName } from '@procache/core/untrusted';
import type { ConfigJson } from '../config/fields.ts';

/** Names and shapes of all tensors, in the order in which a checkpoint has them. */
export type TensorShapes = ReadonlyMap<string, readonly number[]>;

/** A model of a published size: its real dimensions, for questions of time and memory that need no trained weights. */
export interface PublishedShape {
  /** In small letters: `dit-xl/2`. */
  readonly name: string;
  readonly tensors: TensorShapes;
  /** What its config.json says. */
  readonly config: ConfigJson;
}

/** The extents of a published DiT. */
interface DitExtents {
  readonly depth: number;
  readonly hidden: number;
  readonly heads: number;
  readonly patch: number;
  readonly size: number;
  readonly channels: number;
  readonly classes: number;
}

const LATENT = { patch: 2, size: 32, channels: 4, classes: 1000 };

/** Peebles and Xie, 2023, Table 1, for images of 256x256 where the name does not say otherwise. */
const DIT_EXTENTS: Readonly<Record<string, DitExtents>> = {
  'dit-s/2': { ...LATENT, depth: 12, hidden: 384, heads: 6 },
  'dit-b/2': { ...LATENT, depth: 12, hidden: 768, heads: 12 },
  'dit-l/2': { ...LATENT, depth: 24, hidden: 1024, heads: 16 },
  'dit-xl/2': { ...LATENT, depth: 28, hidden: 1152, heads: 16 },
  'dit-xl/2-512': { ...LATENT, depth: 28, hidden: 1152, heads: 16, size: 64 },
};

/** The published sizes that there are, for messages and help. */
export const SHAPE_NAMES: readonly string[] = Object.keys(DIT_EXTENTS);

/**
 * A published size by its name, in capitals or not.
 *
 * @throws {ProCacheError} `invalid-input` with the names that there are.
 */
export function publishedShape(name: string): PublishedShape {
  const known = name.toLowerCase();
  if (!Object.hasOwn(DIT_EXTENTS, known)) {
    throw new ProCacheError(
      'invalid-input',
      `shape: there is no size '${shownName(name)}'; there are ${SHAPE_NAMES.join(', ')}`,
    );
  }
  const extents = DIT_EXTENTS[known]!;
  const config = { num_heads: extents.heads, num_classes: extents.classes };
  return { name: known, tensors: new Map(tensorsOf(extents)), config };
}

type Tensors = readonly (readonly [name: string, shape: readonly number[]])[];

function tensorsOf({ depth, hidden, patch, size, channels, classes }: DitExtents): Tensors {
  const linear = (name: string, out: number, inner: number): Tensors => [
    [`${name}.weight`, [out, inner]],
    [`${name}.bias`, [out]],
  ];
  const block = (i: number): Tensors => [
    ...linear(`blocks.${i}.attn.qkv`, 3 * hidden, hidden),
    ...linear(`blocks.${i}.attn.proj`, hidden, hidden),
    ...linear(`blocks.${i}.mlp.fc1`, 4 * hidden, hidden),
    ...linear(`blocks.${i}.mlp.fc2`, hidden, 4 * hidden),
    ...linear(`blocks.${i}.adaLN_modulation.1`, 6 * hidden, hidden),
  ];
  return [
    ['pos_embed', [1, (size / patch) ** 2, hidden]],
    ['x_embedder.proj.weight', [hidden, channels, patch, patch]],
    ['x_embedder.proj.bias', [hidden]],
    ...linear('t_embedder.mlp.0', hidden, 256),
    ...linear('t_embedder.mlp.2', hidden, hidden),
    ['y_embedder.embedding_table.weight', [classes + 1, hidden]],
    ...Array.from({ length: depth }, (_, i) => block(i)).flat(),
    ...linear('final_layer.adaLN_modulation.1', 2 * hidden, hidden),
    ...linear('final_layer.linear', patch * patch * 2 * channels, hidden),
  ];
}
